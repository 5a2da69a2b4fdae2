// Draws the photo with WebGL2.

import type { Frame } from "../../engine/frame";
import { lookThrough, SHARP_FROM, type Chroma, type Painter, type Pane, type Told } from "../painter";
import { Tiles, type FetchPart, type Textures } from "../tiles";
import type { Size } from "../view";
import { fragment, VERTEX } from "./shaders";
import { newTexture } from "./texture";

const PROBE = 512; // pixels a side; a graphics card draws them in well under a millisecond, a processor in ten
const QUICK_MS = 4;
const UNIFORMS = ["canvas", "area", "photo", "size", "part", "lens", "divider", "chroma", "sharp"] as const;
type Uniforms = Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;

interface Program {
  program: WebGLProgram;
  uniforms: Uniforms;
}

export class GlPainter implements Painter {
  private readonly gl: WebGL2RenderingContext;
  private readonly plain: Program;
  private readonly compared: Program;
  private readonly base: WebGLTexture;
  private size: Size = { width: 1, height: 1 };
  private tiles: Tiles<WebGLTexture> | null = null;
  private frames: (Frame | null)[] = [null, null]; // in the units that follow the gray: the photo's, and what it is compared with

  /** Throws where there is no WebGL 2. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly told: Told,
  ) {
    const gl = canvas.getContext("webgl2", { antialias: false, depth: false, premultipliedAlpha: false });
    if (!gl) throw new Error("no WebGL 2");
    this.gl = gl;
    this.plain = link(gl, fragment(false));
    this.compared = link(gl, fragment(true));
    this.base = newTexture(gl, 0, gl.LINEAR_MIPMAP_NEAREST);
    newTexture(gl, 1, gl.LINEAR); // these stay bound to their units
    newTexture(gl, 2, gl.LINEAR);
    gl.enable(gl.SCISSOR_TEST);
  }

  /** Whether a graphics card draws, or something as good: measured, since browsers say nothing that can be relied on. */
  isQuick(): boolean {
    const { canvas, gl } = this;
    const { program, uniforms } = this.plain;
    const [width, height] = [canvas.width, canvas.height];
    [canvas.width, canvas.height] = [PROBE, PROBE];
    for (const unit of [gl.TEXTURE0, gl.TEXTURE1]) {
      gl.activeTexture(unit);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 1, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    }
    gl.useProgram(program);
    gl.viewport(0, 0, PROBE, PROBE);
    gl.scissor(0, 0, PROBE, PROBE);
    gl.uniform2f(uniforms.canvas, PROBE, PROBE);
    gl.uniform2f(uniforms.size, PROBE, PROBE);
    gl.uniform2f(uniforms.chroma, 1, 1);
    gl.uniform4f(uniforms.area, 0, 0, PROBE, PROBE);
    const pixel = new Uint8Array(4);
    const once = () => {
      const start = performance.now();
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel); // waits until it is drawn
      return performance.now() - start;
    };
    once(); // the program is made ready
    const least = Math.min(once(), once(), once());
    [canvas.width, canvas.height] = [width, height];
    return least < QUICK_MS;
  }

  setPhoto(gray: ImageBitmap, size: Size, fetchPart: FetchPart): void {
    const gl = this.gl;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.base);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, gl.RED, gl.UNSIGNED_BYTE, gray);
    gl.generateMipmap(gl.TEXTURE_2D);
    this.size = size;
    this.tiles?.free();
    this.tiles = new Tiles(textures(gl), size, { texture: this.base, width: gray.width }, fetchPart, this.told);
    this.frames = [null, null];
  }

  setFrames(...frames: [Frame | null, Frame | null]): void {
    frames.forEach((frame, i) => {
      if (frame && frame !== this.frames[i]) this.upload(frame, i + 1);
      this.frames[i] = frame;
    });
  }

  private upload({ info: { width, height }, planes }: Frame, unit: number): void {
    const gl = this.gl;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA16F, width, height, 0, gl.RGBA, gl.FLOAT, planes);
  }

  get isLost(): boolean {
    return this.gl.isContextLost();
  }

  draw(panes: Pane[], chroma: Chroma): boolean {
    const gl = this.gl;
    const { width, height } = this.canvas;
    const { program, uniforms } = this.frames[1] ? this.compared : this.plain;
    gl.useProgram(program);
    gl.viewport(0, 0, width, height);
    gl.scissor(0, 0, width, height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.activeTexture(gl.TEXTURE0);
    gl.uniform2f(uniforms.canvas, width, height);
    gl.uniform2f(uniforms.size, this.size.width, this.size.height);
    gl.uniform2f(uniforms.chroma, ...(this.frames.map((frame, i) => (frame ? chroma[i] : 0)) as [number, number]));
    for (const pane of panes) this.drawPane(pane, uniforms);
    return this.tiles?.fetch() ?? true;
  }

  free(): void {
    this.tiles?.free();
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  private drawPane(pane: Pane, uniforms: Uniforms): void {
    const gl = this.gl;
    const { photo, divider, round } = pane;
    const [left, top, width, height] = pane.box;
    const { scale, seen } = lookThrough(pane, this.size);
    gl.scissor(left, this.canvas.height - top - height, width, height);
    gl.uniform3f(uniforms.photo, photo[0], photo[1], 1 / scale);
    gl.uniform3f(uniforms.lens, left + width / 2, top + height / 2, round ? Math.min(width, height) / 2 : 0);
    gl.uniform1f(uniforms.divider, Math.min(divider, this.canvas.width));
    gl.uniform1i(uniforms.sharp, Number(scale >= SHARP_FROM));
    for (const { area, texture, span } of this.tiles?.covering(seen, scale) ?? []) {
      const [x, y] = [photo[0] + area.x * scale, photo[1] + area.y * scale];
      gl.uniform4f(uniforms.area, x, y, photo[0] + (area.x + area.width) * scale, photo[1] + (area.y + area.height) * scale);
      gl.uniform4f(uniforms.part, span.x, span.y, span.width, span.height);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    }
  }
}

const textures = (gl: WebGL2RenderingContext): Textures<WebGLTexture> => ({
  make(texels, width, height) {
    const texture = newTexture(gl, 0, gl.LINEAR);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1); // rows follow each other without a gap
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, width, height, 0, gl.RED, gl.UNSIGNED_BYTE, texels);
    return texture;
  },
  drop: (texture) => gl.deleteTexture(texture),
});

function link(gl: WebGL2RenderingContext, fragmentSource: string): Program {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, fragmentSource],
  ] as const) {
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "link");
  const uniforms = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)])) as Uniforms;
  gl.useProgram(program);
  ["gray", "planes", "planesBefore"].forEach((name, unit) => gl.uniform1i(gl.getUniformLocation(program, name), unit));
  return { program, uniforms };
}
