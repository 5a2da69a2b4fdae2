// The picture: full-size gray gives L, the network's planes give ab = A * L + B, colors that no screen shows lose chroma.

import { DELTA, TOLERANCE, fromXyz } from "../color/color";

const float = (v: number) => v.toExponential(9);
const columns = [0, 1, 2].map((c) => `vec3(${fromXyz.map((row) => float(row[c]!)).join(", ")})`);

export const VERTEX = `#version 300 es
void main() { // one triangle that covers the canvas
  gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0);
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D gray;
uniform sampler2D planes;
uniform float height;  // of the canvas; this and what follows in device pixels, y down
uniform vec4 photo;    // left, top, width, height of the photo on the canvas
uniform float divider; // left of it the photo stays gray
out vec4 color;

const float DELTA = ${float(DELTA)};
const mat3 FROM_XYZ = mat3(${columns.join(", ")});

float toLinear(float v) { return v > 0.04045 ? pow((v + 0.055) / 1.055, 2.4) : v / 12.92; }
vec3 toSrgb(vec3 v) { return mix(12.92 * v, 1.055 * pow(max(v, 1e-9), vec3(1.0 / 2.4)) - 0.055, greaterThan(v, vec3(0.0031308))); }
float lightness(float y) {
  return 116.0 * (y > DELTA * DELTA * DELTA ? pow(y, 1.0 / 3.0) : y / (3.0 * DELTA * DELTA) + 4.0 / 29.0) - 16.0;
}
vec3 labToLinear(float L, vec2 ab) {
  vec3 f = (L + 16.0) / 116.0 + vec3(ab.x / 500.0, 0.0, -ab.y / 200.0);
  return FROM_XYZ * mix(3.0 * DELTA * DELTA * (f - 4.0 / 29.0), f * f * f, greaterThan(f, vec3(DELTA)));
}
bool displayable(vec3 v) {
  return all(greaterThanEqual(v, vec3(-${float(TOLERANCE)}))) && all(lessThanEqual(v, vec3(${float(1 + TOLERANCE)})));
}

void main() {
  vec2 place = (vec2(gl_FragCoord.x, height - gl_FragCoord.y) - photo.xy) / photo.zw;
  if (any(lessThan(place, vec2(0.0))) || any(greaterThan(place, vec2(1.0)))) { color = vec4(0.0); return; }
  float value = texture(gray, place).r;
  if (gl_FragCoord.x < divider) { color = vec4(vec3(value), 1.0); return; }
  float L = lightness(toLinear(value));
  vec4 plane = texture(planes, place);
  vec2 ab = plane.xy * L + plane.zw;
  vec3 linear = labToLinear(L, ab);
  if (!displayable(linear)) { // the loop of color/gamut.py: 8 halvings of the chroma
    float low = 0.0, high = 1.0;
    for (int i = 0; i < 8; i++) {
      float middle = 0.5 * (low + high);
      if (displayable(labToLinear(L, ab * middle))) low = middle; else high = middle;
    }
    linear = labToLinear(L, ab * low);
  }
  color = vec4(toSrgb(clamp(linear, 0.0, 1.0)), 1.0);
}`;
