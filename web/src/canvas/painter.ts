// Draws the photo with WebGL2: only what is on screen, at the screen's own resolution, for every zoom.

import type { Frame } from "../engine/frame";
import { FRAGMENT, VERTEX } from "./shaders";

export interface Scene {
  /** Left, top, width, height of the photo on the canvas, in device pixels. */
  photo: [number, number, number, number];
  /** Left of this device pixel the photo stays gray; 0: nowhere, Infinity: everywhere. */
  divider: number;
}

/** Largest side of the gray texture that a browser is asked to hold. */
export const MOST_TEXELS = 4096;

export class Painter {
  private readonly gl: WebGL2RenderingContext;
  private readonly program: WebGLProgram;
  private hasPlanes = false;

  /** Throws where the browser has no WebGL 2. */
  constructor(private readonly canvas: HTMLCanvasElement) {
    const gl = canvas.getContext("webgl2", { antialias: false, depth: false, premultipliedAlpha: false });
    if (!gl) throw new Error("no WebGL 2");
    this.gl = gl;
    this.program = gl.createProgram();
    for (const [kind, source] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ] as const) {
      const shader = gl.createShader(kind)!;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(this.program, shader);
    }
    gl.linkProgram(this.program);
    if (!gl.getProgramParameter(this.program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(this.program) ?? "link");
    gl.useProgram(this.program);
    ["gray", "planes"].forEach((name, unit) => {
      gl.uniform1i(this.place(name), unit);
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, unit === 0 ? gl.LINEAR_MIPMAP_LINEAR : gl.LINEAR);
    });
  }

  setGray(picture: ImageBitmap): void {
    const gl = this.gl;
    gl.activeTexture(gl.TEXTURE0);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, gl.RED, gl.UNSIGNED_BYTE, picture);
    gl.generateMipmap(gl.TEXTURE_2D);
    this.hasPlanes = false;
  }

  setFrame(frame: Frame): void {
    const gl = this.gl;
    const { width, height } = frame.info;
    gl.activeTexture(gl.TEXTURE1);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA16F, width, height, 0, gl.RGBA, gl.HALF_FLOAT, frame.texels);
    this.hasPlanes = true;
  }

  draw({ photo, divider }: Scene): void {
    const gl = this.gl;
    const { width, height } = this.canvas;
    gl.viewport(0, 0, width, height);
    gl.uniform1f(this.place("height"), height);
    gl.uniform4f(this.place("photo"), ...photo);
    gl.uniform1f(this.place("divider"), this.hasPlanes ? Math.min(divider, width) : width);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  private place(name: string): WebGLUniformLocation | null {
    return this.gl.getUniformLocation(this.program, name);
  }
}
