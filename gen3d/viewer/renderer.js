// Projects the Gaussians and blends them from far to near: EWA splatting by the equations and with the cut-offs of
// gen3d/splat/cpu/kernels.py, so that pictures agree with our own rasterizer's.

// Variance in px^2 that nothing falls below. The Gaussians were fitted at the photo's size with this: drawn larger, they
// need as much more of it, else every one shows by itself, as a grain.
const LOW_PASS = 0.3
const NEAR_OF_PIVOT = 1e-3  // what is nearer than this share of the pivot's distance is not drawn

// One of so many Gaussians is drawn larger by its root, so that together they cover as much; a little less blurs less.
// Measured at half the width from five degrees aside: the first fifth of the file as it was 16 dB and 12 % holes, one of
// four so 24 dB and 0.1 %.
const STANDS_FOR = 0.95

const TEXTURES = ['gaussians', 'harmonics', 'order', 'slots']   // by unit

// Things that were edited are drawn by a program of their own. An entry of the order then has the number of a slot in its
// highest byte: a row of a texture, with where the thing went and how its colours change. Slot 0 is as it was built. So an
// edit costs a row and a sort, however many Gaussians a thing has, and a copy has no Gaussians of its own.
const SLOTS = 256
const LINES = 6             // of a slot: three rows of x -> A x, three of rgb -> C rgb + c
const SPARE = 64            // rows of Gaussians beyond what is asked for, where room is made
const LOOK_MS = 10          // between two looks whether a picture is there
const PICKED_ALPHA = 0.25   // the nearest Gaussian that is so opaque at a pixel is what somebody clicked

// What is drawn of the Gaussians, by number in the shader.
const MODES = ['picture', 'depth', 'normals', 'layers', 'made-up', 'alpha', 'points']
const RAW_DEPTH = MODES.length          // for what a click hits: the pivot's distance over z
const WHOSE = MODES.length + 1          // and of which slot it is

// A program of its own: WebGL in software goes through both sides of every branch, and the picture is to be fast.
const OTHER_MODES = `uniform int mode;
// The axis along which a Gaussian is thinnest, in the camera's axes as OpenGL has them, towards the camera: the largest
// of the adjugate's, whose columns are cross products.
vec3 normal(mat3 sigma, vec3 p) {
  mat3 adjugate = mat3(cross(sigma[1], sigma[2]), cross(sigma[2], sigma[0]), cross(sigma[0], sigma[1]));
  adjugate /= max(adjugate[0].x + adjugate[1].y + adjugate[2].z, 1e-20);
  adjugate *= adjugate;
  adjugate *= adjugate;
  vec3 sizes = vec3(adjugate[0].x, adjugate[1].y, adjugate[2].z);
  vec3 axis = normalize(sizes.x >= max(sizes.y, sizes.z) ? adjugate[0] : sizes.y >= sizes.z ? adjugate[1] : adjugate[2]);
  vec3 seen = vec3(dot(w2c[0].xyz, axis), dot(w2c[1].xyz, axis), dot(w2c[2].xyz, axis));
  return seen * (dot(seen, p) > 0.0 ? -1.0 : 1.0) * vec3(1, -1, -1);
}

// As gen3d/splat/shown.py colours them.
vec3 tinted(uint kind, vec3 rgb) {
  if (kind > 3u || (mode == 4 && kind < 2u)) return kind > 3u && mode == 3 ? vec3(0.5) : rgb;
  vec3 tint = kind == 0u ? vec3(1.0, 0.85, 0.3) : kind == 1u ? vec3(0.85) : kind == 2u ? vec3(1.0, 0.4, 0.2) : vec3(0.25, 0.55, 1.0);
  return tint * (0.3 + 0.7 * min(dot(rgb, vec3(0.2126, 0.7152, 0.0722)), 1.0));
}

vec3 shown(uint kind, vec3 rgb, mat3 sigma, vec3 p) {
  if (mode == 1) return vec3(min(0.35 * pivot / p.z, 1.0));
  if (mode == 2) return 0.5 + 0.5 * normal(sigma, p);
  if (mode == 3 || mode == 4) return tinted(kind, rgb);
  if (mode == 5) return vec3(1);
  return mode == ${RAW_DEPTH} ? vec3(pivot / p.z) : rgb;
}`

// A triangle around each Gaussian's ellipse, by gl_VertexID: where WebGL runs in software the vertices are what takes
// long, and a square has twice as many; instancing is several times slower.
const vertexShader = (defined, isPicture) => `#version 300 es
${defined}
precision highp float;
precision highp int;
uniform highp usampler2D gaussians, harmonics, order;
#ifdef PLACED
uniform highp sampler2D slots;
uniform uint chosen;            // the slot that is shown to be chosen; 0: none
mat3 rows(uint slot, int first) {
  return mat3(texelFetch(slots, ivec2(first, slot), 0).xyz, texelFetch(slots, ivec2(first + 1, slot), 0).xyz,
    texelFetch(slots, ivec2(first + 2, slot), 0).xyz);
}
#endif
uniform vec4 w2c[3];            // rows
uniform vec3 center;            // the camera's place
uniform vec4 lens;              // fx fy cx cy, pixels of the picture
uniform vec4 held;              // x/z and y/z are held within: u_min u_max v_min v_max
uniform vec2 size;              // of the picture, pixels
uniform vec2 rgbRange, shRange;
uniform float larger, near, lowPass, pivot;
uniform bool hasHarmonics, antialiased;
out vec4 colour;                // rgb and opacity
out vec2 offset;                // from the mean, in standard deviations

vec4 bytes(uint four) { return vec4(four & 255u, four >> 8 & 255u, four >> 16 & 255u, four >> 24) / 255.0; }
vec2 shares(uint two) { return vec2(int(two << 16) >> 16, int(two) >> 16) / 32767.0; }

// The colour seen along a direction; degree 1 as in gen3d/splat/cpu/shade.py.
vec3 shade(ivec2 at, vec3 rgb, vec3 along) {
  rgb = rgbRange.x + rgb * (rgbRange.y - rgbRange.x);
  if (hasHarmonics) {
    uvec4 texel = texelFetch(harmonics, at, 0);
    vec4 a = bytes(texel.x), b = bytes(texel.y), c = bytes(texel.z);
    float span = shRange.y - shRange.x;
    vec3 sh1 = shRange.x + a.xyz * span, sh2 = shRange.x + vec3(a.w, b.xy) * span, sh3 = shRange.x + vec3(b.zw, c.x) * span;
    vec3 d = normalize(along);
    rgb += 0.4886025119029199 * (d.z * sh2 - d.y * sh1 - d.x * sh3);
  }
  return rgb;
}

${isPicture ? 'vec3 shown(uint kind, vec3 rgb, mat3 sigma, vec3 p) { return rgb; }' : OTHER_MODES}

void main() {
  gl_Position = vec4(0, 0, 2, 1);                      // outside: not drawn
  int rank = gl_VertexID / 3, corner = gl_VertexID % 3;
  uint entry = texelFetch(order, ivec2(rank % ${ROW}, rank / ${ROW}), 0).r;
#ifdef PLACED
  uint slot = entry >> 24;
  int id = int(entry & 0xffffffu);
#else
  int id = int(entry);
#endif
  ivec2 at = ivec2(id % ${ROW}, id / ${ROW});
  uvec4 first = texelFetch(gaussians, ivec2(2 * at.x, at.y), 0), second = texelFetch(gaussians, ivec2(2 * at.x + 1, at.y), 0);
  vec3 mean = uintBitsToFloat(first.xyz);
#ifdef PLACED
  mat3 A = rows(slot, 0);                              // transposed, as all that rows gives
  mean = mean * A + vec3(texelFetch(slots, ivec2(0, slot), 0).w, texelFetch(slots, ivec2(1, slot), 0).w,
    texelFetch(slots, ivec2(2, slot), 0).w);
#endif
  vec3 p = vec3(dot(w2c[0].xyz, mean), dot(w2c[1].xyz, mean), dot(w2c[2].xyz, mean)) + vec3(w2c[0].w, w2c[1].w, w2c[2].w);
  if (p.z <= near) return;
  vec4 rgba = bytes(first.w);
  if (rgba.a < 1.0 / 255.0) return;

  // Covariance on the screen: J W Sigma W^T J^T + lowPass I
  vec2 a = shares(second.y), b = shares(second.z), c = shares(second.w);
  float scale = uintBitsToFloat(second.x & 0xffffff00u) * larger;
  mat3 sigma = mat3(a.x, a.y, b.x, a.y, b.y, c.x, b.x, c.x, c.y);
#ifdef PLACED
  sigma = transpose(A) * sigma * A;
#endif
  vec2 uv = clamp(p.xy / p.z, held.xz, held.yw);
  vec3 j0 = lens.x / p.z * scale * (w2c[0].xyz - uv.x * w2c[2].xyz), j1 = lens.y / p.z * scale * (w2c[1].xyz - uv.y * w2c[2].xyz);
  vec3 s0 = sigma * j0, s1 = sigma * j1;
  float xx = dot(j0, s0) + lowPass, xy = dot(j0, s1), yy = dot(j1, s1) + lowPass;
  if (antialiased) {                                   // as much dimmer as the low-pass makes it wider
    float bare = max((xx - lowPass) * (yy - lowPass) - xy * xy, 0.0);
    rgba.a *= sqrt(bare / (xx * yy - xy * xy));
    if (rgba.a < 1.0 / 255.0) return;
  }

  ${isPicture ? '' : 'if (mode == 6) { xx = yy = lowPass; xy = 0.0; rgba.a = 0.95; }       // a dot'}

  // Its axes, and how far out alpha reaches 1/255
  float middle = 0.5 * (xx + yy), away = length(vec2(0.5 * (xx - yy), xy));
  float longer = middle + away, shorter = max(middle - away, lowPass);
  vec2 axis = away < 1e-6 ? vec2(1, 0) : abs(xy) > 1e-9 ? normalize(vec2(xy, longer - xx)) : xx >= yy ? vec2(1, 0) : vec2(0, 1);
  vec2 triangle = corner == 0 ? vec2(0, 2) : vec2(corner == 1 ? -1.7320508 : 1.7320508, -1);   // around the unit circle
  offset = triangle * sqrt(2.0 * log(255.0 * rgba.a));
  vec2 px = lens.xy * (p.xy / p.z) + lens.zw + axis * sqrt(longer) * offset.x + vec2(-axis.y, axis.x) * sqrt(shorter) * offset.y;
  gl_Position = vec4(2.0 * px.x / size.x - 1.0, 1.0 - 2.0 * px.y / size.y, 0, 1);
#ifdef PLACED
  vec3 rgb = shade(at, rgba.rgb, A * (mean - center)) * rows(slot, 3) + vec3(texelFetch(slots, ivec2(3, slot), 0).w,
    texelFetch(slots, ivec2(4, slot), 0).w, texelFetch(slots, ivec2(5, slot), 0).w);
  if (slot == chosen && chosen > 0u) rgb = mix(rgb, vec3(1.0, 0.7, 0.33), 0.3);
#else
  vec3 rgb = shade(at, rgba.rgb, mean - center);
#endif
  colour = vec4(shown(second.x & 255u, max(rgb, 0.0), sigma, p), rgba.a);
#ifdef WHOSE
  colour.rgb = vec3(float(slot) / 255.0);
#endif
}`

const fragmentShader = defined => `#version 300 es
${defined}
precision highp float;
in vec4 colour;
in vec2 offset;
out vec4 drawn;
void main() {
  float alpha = min(0.999, colour.a * exp(-0.5 * dot(offset, offset)));
#ifdef WHOSE
  if (alpha < float(${PICKED_ALPHA})) discard;
  drawn = vec4(colour.rgb, 1);
#else
  if (alpha < 1.0 / 255.0) discard;
  drawn = vec4(colour.rgb * alpha, alpha);
#endif
}`

class Renderer {
  constructor(gl) {
    this.gl = gl
    this.programs = {}                            // for the picture, and others once they are wanted
    this.asked = this.count = 0
    this.mode = this.chosen = 0
    this.placed = false                           // whether the order tells slots
    this.program(0)
    gl.bindVertexArray(gl.createVertexArray())
    gl.disable(gl.DEPTH_TEST)
    gl.enable(gl.BLEND)
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
    gl.enable(gl.SCISSOR_TEST)
  }

  // Uses the one for a mode; what stays the same for a scene is told to it once.
  program(mode) {
    const {gl, header} = this, isPicture = !mode || mode === WHOSE
    const defined = [this.placed && 'PLACED', mode === WHOSE && 'WHOSE'].filter(Boolean).map(name => `#define ${name}\n`).join('')
    const linkedNow = () => linked(gl, vertexShader(defined, isPicture), fragmentShader(defined))
    this.using = this.programs[defined + isPicture] ??= {linked: linkedNow(), uniforms: {}, header: null}
    gl.useProgram(this.using.linked)
    if (!header || this.using.header === header) return
    this.using.header = header
    for (const [unit, name] of TEXTURES.entries()) gl.uniform1i(this.at(name), unit)
    gl.uniform2fv(this.at('rgbRange'), header.ranges.rgb)
    gl.uniform2fv(this.at('shRange'), header.ranges.sh ?? [0, 0])
    gl.uniform1i(this.at('hasHarmonics'), header.sh_degree ? 1 : 0)
    gl.uniform1i(this.at('antialiased'), this.antialiased ? 1 : 0)
    gl.uniform1f(this.at('near'), NEAR_OF_PIVOT * header.pivot_m)
    gl.uniform1f(this.at('pivot'), header.pivot_m)
  }

  at(name) {
    return this.using.uniforms[name] ??= this.gl.getUniformLocation(this.using.linked, name)
  }

  // Room for a scene; what was there goes.
  // rows: of Gaussians, where there are more than its own.
  begin(header, rows = Math.ceil(header.count / ROW)) {
    const {gl} = this
    this.asked = this.count = 0
    this.total = header.count
    for (const texture of this.textures ?? []) gl.deleteTexture(texture)
    const harmonicRows = header.sh_degree ? rows : 1
    const shapes = [[gl.RGBA32UI, 2 * ROW, rows], [gl.RGBA32UI, ROW, harmonicRows], [gl.R32UI, ROW, rows], [gl.RGBA32F, LINES, SLOTS]]
    this.textures = shapes.map((shape, unit) => this.texture(unit, ...shape))
    this.rows = this.room = rows                  // of the order, of the Gaussians
    this.placed = false
    this.antialiased = Boolean(header.antialiased)
    this.firstLarger = header.first_larger        // closes the gaps while only the first fifth is there
    this.header = header
  }

  // Room for so many rows of Gaussians; what they were is to be uploaded again. False where there is room already.
  grow(rows) {
    const {gl} = this
    if (rows <= this.room) return false
    this.room = rows + SPARE
    for (const unit of this.header.sh_degree ? [0, 1] : [0]) {
      gl.deleteTexture(this.textures[unit])
      this.textures[unit] = this.texture(unit, gl.RGBA32UI, (2 - unit) * ROW, this.room)
    }
    return true
  }

  texture(unit, format, width, height) {
    const {gl} = this, texture = gl.createTexture()
    gl.activeTexture(gl.TEXTURE0 + unit)
    gl.bindTexture(gl.TEXTURE_2D, texture)
    gl.texStorage2D(gl.TEXTURE_2D, 1, format, width, height)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
    return texture
  }

  upload({row, texels, harmonics}) {
    this.fill(0, row, 2 * ROW, texels.length / (8 * ROW), this.gl.RGBA_INTEGER, texels)
    if (harmonics) this.fill(1, row, ROW, harmonics.length / (4 * ROW), this.gl.RGBA_INTEGER, harmonics)
  }

  // asked: among so many of the Gaussians, from the first, were those looked for that lie ahead; every: in such steps;
  // placed: whether its entries tell slots.
  setOrder(order, asked, count, every, placed) {
    const {gl} = this, rows = Math.ceil(count / ROW)
    if (rows > this.rows) {                       // copies need room
      gl.deleteTexture(this.textures[2])
      this.rows = order.length / ROW
      this.textures[2] = this.texture(2, gl.R32UI, ROW, this.rows)
    }
    this.fill(2, 0, ROW, rows, gl.RED_INTEGER, order)
    Object.assign(this, {asked, count, placed, standsFor: Math.max(1, STANDS_FOR * Math.sqrt(every))})
  }

  // values: of every slot its LINES of four numbers.
  place(values) {
    const {gl} = this
    gl.activeTexture(gl.TEXTURE3)
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, LINES, SLOTS, gl.RGBA, gl.FLOAT, values)
  }

  fill(unit, row, width, height, format, values) {
    const {gl} = this
    gl.activeTexture(gl.TEXTURE0 + unit)
    if (height) gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, row, width, height, format, gl.UNSIGNED_INT, values)
  }

  // The photo's frame as large as the canvas allows, in its middle; ground: how opaque what lies behind is.
  draw({K, width, height}, view, ground = 1) {
    const {gl} = this
    const fit = Math.min(gl.drawingBufferWidth / width, gl.drawingBufferHeight / height)
    const w = Math.max(1, Math.round(width * fit)), h = Math.max(1, Math.round(height * fit))
    const frame = [Math.round((gl.drawingBufferWidth - w) / 2), Math.round((gl.drawingBufferHeight - h) / 2), w, h]
    this.frame = frame
    gl.disable(gl.SCISSOR_TEST)
    gl.clearColor(0, 0, 0, 0)
    gl.clear(gl.COLOR_BUFFER_BIT)
    gl.enable(gl.SCISSOR_TEST)
    this.fillFrame(frame, {K, width, height}, view, ground)
  }

  // A picture into [left, bottom, width, height] of whatever is drawn into.
  fillFrame(frame, header, view, ground) {
    const {gl} = this
    gl.viewport(...frame)
    gl.scissor(...frame)
    gl.clearColor(0, 0, 0, ground)
    gl.clear(gl.COLOR_BUFFER_BIT)
    this.blend(header, view, frame[2], frame[3], this.mode)
  }

  // Tells in how many milliseconds what was just drawn is there: scripts go on meanwhile.
  timed(tell) {
    const {gl} = this, began = performance.now(), fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
    const look = () => {
      if (gl.isContextLost()) return
      if (gl.getSyncParameter(fence, gl.SYNC_STATUS) === gl.UNSIGNALED) return setTimeout(look, LOOK_MS)
      gl.deleteSync(fence)
      tell(performance.now() - began)
    }
    gl.flush()
    setTimeout(look, LOOK_MS)
  }

  // Through an eye of another lens; its pixels are told in the photo's, since those are what the low-pass was fitted at.
  drawEye(frame, {K: [[fx, , cx], [, fy, cy]], width, height}, view, ground) {
    const K = this.header.K, across = K[0][0] / fx, down = K[1][1] / fy
    const lens = [[K[0][0], 0, across * cx], [0, K[1][1], down * cy], [0, 0, 1]]
    this.fillFrame(frame, {...this.header, K: lens, width: across * width, height: down * height}, view, ground)
  }

  // How far away is what the middle of a pixel of the canvas shows, along z: metres, or null where there is nothing.
  depthAt(x, y, header, view) {
    const {gl} = this
    const fine = gl.getExtension('EXT_color_buffer_float') && gl.getExtension('EXT_float_blend')
    if (!fine && !gl.getExtension('EXT_color_buffer_half_float')) throw new Error('this browser cannot measure')
    const read = this.pixelAt(x, y, header, view, RAW_DEPTH, fine ? gl.RGBA32F : gl.RGBA16F, new Float32Array(4))
    return read[3] < 0.5 ? null : header.pivot_m * read[3] / read[0]
  }

  // The slot of what is nearest there; 0 where it is of no thing, or there is nothing. Known once the order tells slots.
  slotAt(x, y, header, view) {
    if (!this.placed) return 0
    this.gl.disable(this.gl.BLEND)
    const read = this.pixelAt(x, y, header, view, WHOSE, this.gl.RGBA8, new Uint8Array(4))
    this.gl.enable(this.gl.BLEND)
    return read[0]
  }

  // One pixel of the canvas, in a mode.
  pixelAt(x, y, header, view, mode, format, read) {
    const {gl} = this, [left, bottom, w, h] = this.frame
    const pixel = this.texture(TEXTURES.length, format, 1, 1), frame = gl.createFramebuffer()
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame)
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, pixel, 0)
    gl.viewport(left - Math.floor(x), bottom - (gl.drawingBufferHeight - 1 - Math.floor(y)), w, h)
    gl.scissor(0, 0, 1, 1)
    gl.clearColor(0, 0, 0, 0)
    gl.clear(gl.COLOR_BUFFER_BIT)
    this.blend(header, view, w, h, mode)
    gl.readPixels(0, 0, 1, 1, gl.RGBA, read instanceof Float32Array ? gl.FLOAT : gl.UNSIGNED_BYTE, read)
    gl.bindFramebuffer(gl.FRAMEBUFFER, null)
    gl.deleteFramebuffer(frame)
    gl.deleteTexture(pixel)
    return read
  }

  blend({K, width, height}, view, w, h, mode) {
    const {gl} = this
    this.program(mode)
    if (mode && mode !== WHOSE) gl.uniform1i(this.at('mode'), mode)
    if (this.placed) gl.uniform1ui(this.at('chosen'), this.chosen)
    const fx = K[0][0] * w / width, fy = K[1][1] * h / height, cx = K[0][2] * w / width, cy = K[1][2] * h / height
    const rest = Math.max(0, 1 - this.asked / this.total)
    gl.uniform4fv(this.at('w2c'), view.flat())
    gl.uniform3fv(this.at('center'), [0, 1, 2].map(k => -(view[0][k] * view[0][3] + view[1][k] * view[1][3] + view[2][k] * view[2][3])))
    gl.uniform4f(this.at('lens'), fx, fy, cx, cy)
    gl.uniform4f(this.at('held'), ...heldWithin(w, fx, cx), ...heldWithin(h, fy, cy))
    gl.uniform2f(this.at('size'), w, h)
    gl.uniform1f(this.at('lowPass'), LOW_PASS * (this.antialiased ? 1 : Math.max(1, w * h / (width * height))))
    gl.uniform1f(this.at('larger'), this.standsFor * (1 + (this.firstLarger - 1) * rest * PARTS / (PARTS - 1)))
    gl.drawArrays(gl.TRIANGLES, 0, 3 * this.count)
  }
}

// Where the projection may be taken as linear: the picture and 15 % of its width to each side, as in the rasterizer.
function heldWithin(size, focal, middle) {
  const margin = 0.15 * size
  return [(-margin - middle) / focal, (size + margin - middle) / focal]
}

function linked(gl, ...sources) {
  const program = gl.createProgram()
  const types = [gl.VERTEX_SHADER, gl.FRAGMENT_SHADER]
  sources.forEach((source, k) => {
    const shader = gl.createShader(types[k])
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
    gl.deleteShader(shader)
  })
  gl.linkProgram(program)
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(gl.getAttachedShaders(program).map(s => gl.getShaderInfoLog(s)).join('\n') || gl.getProgramInfoLog(program))
  }
  return program
}
