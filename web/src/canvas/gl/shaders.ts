// The picture: the photo's gray gives L, the network's planes give ab = A * L + B, colors that no screen shows lose chroma.

import { DELTA, HALVINGS, TOLERANCE, fromXyz } from "../../color/color";
import { SRGB } from "../curve";

const float = (v: number) => v.toExponential(9);
const columns = [0, 1, 2].map((c) => `vec3(${fromXyz.map((row) => float(row[c]!)).join(", ")})`);

export const VERTEX = `#version 300 es
uniform vec2 canvas;   // its size; all lengths on the canvas are in device pixels, y down
uniform vec4 area;     // left, top, right, bottom of what is drawn
void main() {
  vec2 corner = mix(area.xy, area.zw, vec2(gl_VertexID & 1, gl_VertexID >> 1));
  gl_Position = vec4((corner / canvas * 2.0 - 1.0) * vec2(1.0, -1.0), 0.0, 1.0);
}`;

/** With or without something that the photo is compared with: software renderers run both sides of every branch. */
export const fragment = (compared: boolean) => `#version 300 es
#define COMPARED ${Number(compared)}
precision highp float;
uniform sampler2D gray;   // of a part of the photo
uniform sampler2D planes; // of the whole photo
uniform sampler2D planesBefore; // what it is compared with
uniform vec2 canvas;
uniform vec3 photo;    // left and top of the photo on the canvas; photo pixels per device pixel
uniform vec2 size;     // of the photo; this and the next in photo pixels
uniform vec4 part;     // left, top, width, height of what the gray texture holds
uniform vec3 lens;     // center and radius, outside of which nothing is drawn; radius 0: no lens
uniform float divider; // left of it is what the photo is compared with
uniform vec2 chroma;   // factor of ab: in the photo, and in what it is compared with; 0 is gray
uniform bool sharp;    // photo pixels are drawn as squares
out vec4 color;

const float DELTA = ${float(DELTA)};
const mat3 FROM_XYZ = mat3(${columns.join(", ")});

// Powers are slow where there is no graphics card, so roots stand in for them; lightness is off by 0.02 at most.
vec3 toSrgb(vec3 v) {
  vec3 root = sqrt(sqrt(max(v, ${float(SRGB.dark)})));
  vec3 bright = ${SRGB.ofRoot.slice(1).reduce((sum, factor) => `(${sum}) * root + ${float(factor)}`, float(SRGB.ofRoot[0]))};
  return mix(${float(SRGB.line)} * v, bright, greaterThan(v, vec3(${float(SRGB.dark)})));
}
/** Of an sRGB gray. */
float lightness(float v) {
  float u = (v + 0.055) / 1.055;
  if (v > 0.092215) { // 116 * u ^ 0.8 - 16: the cube root of Lab and the 2.4 of sRGB in one
    float second = sqrt(u);
    return 126.72107272 * second - 73.9119214 * sqrt(second) + 48.04891641 * u - 0.84909659;
  }
  return v > 0.04045 ? (573.5662753 * v + 23.65740312) * v + 0.93710089 : 116.0 / (3.0 * DELTA * DELTA) * v / 12.92;
}
vec3 labToLinear(float L, vec2 ab) {
  vec3 f = (L + 16.0) / 116.0 + vec3(ab.x / 500.0, 0.0, -ab.y / 200.0);
  return FROM_XYZ * mix(3.0 * DELTA * DELTA * (f - 4.0 / 29.0), f * f * f, greaterThan(f, vec3(DELTA)));
}
bool displayable(vec3 v) {
  return all(greaterThanEqual(v, vec3(-${float(TOLERANCE)}))) && all(lessThanEqual(v, vec3(${float(1 + TOLERANCE)})));
}

vec3 colored(float value, vec2 at, bool before, float factor) {
  float L = lightness(value);
#if COMPARED
  vec4 plane = before ? texture(planesBefore, at) : texture(planes, at);
#else
  vec4 plane = texture(planes, at);
#endif
  vec2 ab = (plane.xy * L + plane.zw) * factor;
  vec3 linear = labToLinear(L, ab);
  if (!displayable(linear)) { // the loop of color/gamut.ts
    float low = 0.0, high = 1.0;
    for (int i = 0; i < ${HALVINGS}; i++) {
      float middle = 0.5 * (low + high);
      if (displayable(labToLinear(L, ab * middle))) low = middle; else high = middle;
    }
    linear = labToLinear(L, ab * low);
  }
  return toSrgb(clamp(linear, 0.0, 1.0));
}

void main() {
  vec2 place = vec2(gl_FragCoord.x, canvas.y - gl_FragCoord.y);
  if (lens.z > 0.0 && distance(place, lens.xy) > lens.z) discard;
  vec2 pixel = (place - photo.xy) * photo.z;
  if (sharp) pixel = floor(pixel) + 0.5; // the middle of a photo pixel: its very gray, and the color it is saved with
  float value = texture(gray, (pixel - part.xy) / part.zw).r;
  bool before = place.x < divider;
  float factor = before ? chroma.y : chroma.x;
  vec3 shown = vec3(value);
  if (factor != 0.0) shown = colored(value, pixel / size, before, factor);
  color = vec4(shown, 1.0);
}`;
