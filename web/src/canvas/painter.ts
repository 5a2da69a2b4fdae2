// Draws the photo with WebGL2: only what is on screen, at the screen's own resolution, for every zoom.

import type { Frame } from "../engine/frame";
import { fragment, VERTEX } from "./shaders";
import { newTexture } from "./texture";
import { Tiles, type Box, type FetchPart } from "./tiles";
import type { Size } from "./view";

/** Left, top, width, height on the canvas, in device pixels. */
export type Rectangle = [number, number, number, number];

/** One look at the photo; a canvas shows one, two side by side, or one with a lens over it. */
export interface Pane {
  /** Where it is drawn, and nowhere else. */
  box: Rectangle;
  /** The whole photo, whether the box shows all of it or not. */
  photo: Rectangle;
  /** Left of this device pixel of the canvas is what the photo is compared with; 0: nowhere, Infinity: everywhere. */
  divider: number;
  /** Only the largest circle within the box. */
  round?: boolean;
}

/** Largest side of the gray picture of a whole photo; what is finer comes in tiles. */
export const MOST_TEXELS = 2048;

const SHARP_FROM = 3; // device pixels per photo pixel from which pixels are drawn as squares: a person looks at pixels
const UNIFORMS = ["canvas", "area", "photo", "size", "part", "lens", "divider", "chroma", "sharp"] as const;
type Uniforms = Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;

interface Program {
  program: WebGLProgram;
  uniforms: Uniforms;
}

export class Painter {
  private readonly gl: WebGL2RenderingContext;
  private readonly plain: Program;
  private readonly compared: Program;
  private readonly base: WebGLTexture;
  private size: Size = { width: 1, height: 1 };
  private tiles: Tiles | null = null;
  private frames: (Frame | null)[] = [null, null]; // in the units that follow the gray: the photo's, and what it is compared with

  /** `onArrival` is called when more of the photo's detail is there to be drawn. Throws where there is no WebGL 2. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onArrival: () => void,
    private readonly onError: (error: unknown) => void,
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

  /** Shows another photo: its gray as a whole, its size, and how to come by parts of it. */
  setPhoto(gray: ImageBitmap, size: Size, fetchPart: FetchPart): void {
    const gl = this.gl;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.base);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, gl.RED, gl.UNSIGNED_BYTE, gray);
    gl.generateMipmap(gl.TEXTURE_2D);
    this.size = size;
    this.tiles?.free();
    this.tiles = new Tiles(gl, size, { texture: this.base, width: gray.width }, fetchPart, this.onArrival, this.onError);
    this.frames = [null, null];
  }

  /** Takes the colors of the photo, and of what it is compared with; null is gray. */
  setFrames(...frames: [Frame | null, Frame | null]): void {
    frames.forEach((frame, i) => {
      if (frame && frame !== this.frames[i]) this.upload(frame, i + 1);
      this.frames[i] = frame;
    });
  }

  private upload({ info: { width, height }, texels }: Frame, unit: number): void {
    const gl = this.gl;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA16F, width, height, 0, gl.RGBA, gl.HALF_FLOAT, texels);
  }

  get isLost(): boolean {
    return this.gl.isContextLost();
  }

  /** `chroma` is the factor of a and b. Returns whether all detail is there; onArrival is called when more of it is. */
  draw(panes: Pane[], chroma: number): boolean {
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
    gl.uniform2f(uniforms.chroma, ...(this.frames.map((frame) => (frame ? chroma : 0)) as [number, number]));
    for (const pane of panes) this.drawPane(pane, uniforms);
    return this.tiles?.fetch() ?? true;
  }

  /** Lets the photo's textures go; they would stay with the canvas otherwise. */
  free(): void {
    this.tiles?.free();
  }

  private drawPane({ box, photo, divider, round }: Pane, uniforms: Uniforms): void {
    const gl = this.gl;
    const [left, top, width, height] = box;
    const scale = photo[2] / this.size.width; // device pixels per photo pixel
    gl.scissor(left, this.canvas.height - top - height, width, height);
    gl.uniform3f(uniforms.photo, photo[0], photo[1], 1 / scale);
    gl.uniform3f(uniforms.lens, left + width / 2, top + height / 2, round ? Math.min(width, height) / 2 : 0);
    gl.uniform1f(uniforms.divider, Math.min(divider, this.canvas.width));
    gl.uniform1i(uniforms.sharp, Number(scale >= SHARP_FROM));
    const seen: Box = { x: (left - photo[0]) / scale, y: (top - photo[1]) / scale, width: width / scale, height: height / scale };
    for (const { area, texture, span } of this.tiles?.covering(seen, scale) ?? []) {
      const [x, y] = [photo[0] + area.x * scale, photo[1] + area.y * scale];
      gl.uniform4f(uniforms.area, x, y, photo[0] + (area.x + area.width) * scale, photo[1] + (area.y + area.height) * scale);
      gl.uniform4f(uniforms.part, span.x, span.y, span.width, span.height);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    }
  }
}

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
