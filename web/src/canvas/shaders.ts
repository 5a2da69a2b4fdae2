// The picture: the photo's gray gives L, the network's planes give ab = A * L + B, colors that no screen shows lose chroma.

import { DELTA, TOLERANCE, fromXyz } from "../color/color";

const float = (v: number) => v.toExponential(9);
const columns = [0, 1, 2].map((c) => `vec3(${fromXyz.map((row) => float(row[c]!)).join(", ")})`);

export const VERTEX = `#version 300 es
uniform vec2 canvas;   // its size; all lengths on the canvas are in device pixels, y down
uniform vec4 area;     // left, top, right, bottom of what is drawn
void main() {
  vec2 corner = mix(area.xy, area.zw, vec2(gl_VertexID & 1, gl_VertexID >> 1));
  gl_Position = vec4((corner / canvas * 2.0 - 1.0) * vec2(1.0, -1.0), 0.0, 1.0);
}`;

export const FRAGMENT = `#version 300 es
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
  vec2 place = vec2(gl_FragCoord.x, canvas.y - gl_FragCoord.y);
  if (lens.z > 0.0 && distance(place, lens.xy) > lens.z) discard;
  vec2 pixel = (place - photo.xy) * photo.z;
  if (sharp) pixel = floor(pixel) + 0.5; // the middle of a photo pixel: its very gray, and the color it is saved with
  float value = texture(gray, (pixel - part.xy) / part.zw).r;
  bool before = place.x < divider;
  float factor = before ? chroma.y : chroma.x;
  if (factor == 0.0) { color = vec4(vec3(value), 1.0); return; }
  float L = lightness(toLinear(value));
  vec4 plane = before ? texture(planesBefore, pixel / size) : texture(planes, pixel / size);
  vec2 ab = (plane.xy * L + plane.zw) * factor;
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
