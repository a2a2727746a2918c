// What runs beside the page: unpacks records, and sorts. Its source is sent as text (a file of its own could not travel
// in a standalone page), so it uses nothing but what is inside this function.

function sceneWorker() {
  const ROW = 1024
  let scene = null

  onmessage = ({data}) => {
    if (data.task === 'begin') begin(data)
    else if (data.id === scene.id) ({unpack, more, disc, sort})[data.task](data)
  }

  // things: the numbers of those that have a slot, from the first on.
  function begin({id, header, things}) {
    const n = header.count, slotOf = new Uint8Array(1 << 16)
    for (const [i, thing] of things.entries()) slotOf[thing] = i + 1
    scene = {id, header, there: 0, xyz: new Float32Array(3 * n), slotOf, slots: new Uint8Array(n), sizes: new Uint32Array(256)}
    makeRoom(n)
  }

  function makeRoom(most) {
    if (scene.most >= most) return
    Object.assign(scene, {most, depth: new Uint32Array(most), other: new Uint32Array(most), ids: new Uint32Array(most)})
  }

  // Integers to what the shader reads, two texels each: x y z rgba | the largest scale, and the six terms of the
  // covariance as 16-bit shares of its square. The last byte of the scale is the kind, 255 where none is known.
  // own: the header of another file, all of whose Gaussians are built in one slot; in constant colours.
  function unpack({id, first, records, own, slot}) {
    const {xyz, slots, slotOf, sizes} = scene, header = own ?? scene.header
    const {w2c, ranges, sh_degree: degree, kinds, things} = header
    const plain = degree ? 26 : 17, stride = plain + (kinds ? 1 : 0) + (things ? 2 : 0)
    const count = records.length / stride, rows = Math.ceil(count / ROW)
    const bytes = new DataView(records.buffer)
    const texels = new Uint32Array(rows * ROW * 8), floats = new Float32Array(texels.buffer)
    const harmonics = own ? flat(rows) : degree ? new Uint32Array(rows * ROW * 4) : null
    const center = [0, 1, 2].map(k => -(w2c[0][k] * w2c[0][3] + w2c[1][k] * w2c[1][3] + w2c[2][k] * w2c[2][3]))
    const value = ([low, high], levels) => [low, (high - low) / levels]
    const [u0, du] = value(ranges.direction[0], 65535), [v0, dv] = value(ranges.direction[1], 65535)
    const [r0, dr] = value(ranges.distance, 65535), [s0, ds] = value(ranges.size, 255)
    for (let i = 0; i < count; i++) {
      const at = i * stride, t = 8 * i, p = 3 * (first + i)
      const distance = Math.exp(r0 + dr * bytes.getUint16(at + 4, true))
      const [x, y, z] = fromOctahedral(u0 + du * bytes.getUint16(at, true), v0 + dv * bytes.getUint16(at + 2, true))
      for (let k = 0; k < 3; k++) {
        xyz[p + k] = center[k] + distance * (w2c[0][k] * x + w2c[1][k] * y + w2c[2][k] * z)
        floats[t + k] = xyz[p + k]
      }
      texels[t + 3] = bytes.getUint32(at + 9, true)            // red green blue opacity
      const scale = k => distance * Math.exp(s0 + ds * records[at + 6 + k])
      covariance(bytes.getUint32(at + 13, true), scale(0), scale(1), scale(2), t, texels, floats)
      texels[t + 4] = texels[t + 4] & ~255 | (kinds ? records[at + plain] : 255)
      if (own) sizes[slots[first + i] = slot]++
      else if (things) sizes[slots[first + i] = slotOf[bytes.getUint16(at + stride - 2, true)]]++
      if (degree && !own) for (let k = 0; k < 9; k++) harmonics[4 * i + (k >> 2)] |= records[at + 17 + k] << (8 * (k & 3))
    }
    scene.there = first + count
    postMessage({id, first, count, texels, harmonics, own: Boolean(own)}, [texels.buffer, ...(harmonics ? [harmonics.buffer] : [])])
  }

  // Of another file, behind all that is there; what lies between has no place and is never drawn.
  function more(given) {
    const {header} = given.own
    lengthen(given.first + given.records.length / given.stride)
    unpack({...given, own: header})
  }

  function lengthen(count) {
    const {xyz, slots} = scene
    Object.assign(scene, {xyz: new Float32Array(3 * count).fill(NaN), slots: new Uint8Array(count)})
    scene.xyz.set(xyz)
    scene.slots.set(slots)
  }

  // Harmonics of zero, as the scene's range has them; null where it has none.
  function flat(rows) {
    if (!scene.header.sh_degree) return null
    const [low, high] = scene.header.ranges.sh, zero = Math.min(255, Math.max(0, Math.round(-255 * low / (high - low))))
    return new Uint32Array(new Uint8Array(rows * ROW * 16).fill(zero).buffer)
  }

  // The unit disc of gen3d/splat/shadow.py, for contact shadows; its colour is that of its slot.
  function disc({id, first, slot}) {
    const ACROSS = 31, WIDTH = 0.6, THIN = 0.05, DARKEST = 0.5, FULL = 0.5, step = 2 / ACROSS, places = []
    for (let row = 0; row < ACROSS; row++) for (let column = 0; column < ACROSS; column++) {
      const x = (column + 0.5) * step - 1, z = (row + 0.5) * step - 1
      const t = Math.min(1, Math.max(0, (1 - Math.hypot(x, z)) / (1 - FULL))), dark = DARKEST * t * t * (3 - 2 * t)
      const opacity = -Math.log(1 - dark) / (2 * Math.PI * WIDTH * WIDTH)
      if (opacity > 2 / 255) places.push([x, z, opacity])
    }
    const count = places.length, rows = Math.ceil(count / ROW)
    lengthen(first + count)
    const texels = new Uint32Array(rows * ROW * 8), floats = new Float32Array(texels.buffer), share = x => Math.round(32767 * x) & 0xffff
    for (const [i, [x, z, opacity]] of places.entries()) {
      const t = 8 * i
      floats.set([x, 0, z], t)
      scene.xyz.set([x, 0, z], 3 * (first + i))
      texels[t + 3] = Math.round(255 * opacity) << 24
      floats[t + 4] = WIDTH * step
      texels[t + 4] = texels[t + 4] & ~255 | 255
      texels[t + 5] = share(1)
      texels[t + 6] = share(THIN * THIN) << 16
      texels[t + 7] = share(1) << 16
      scene.sizes[scene.slots[first + i] = slot]++
    }
    scene.there = first + count
    postMessage({id, first, count, texels, harmonics: flat(rows), own: true}, [texels.buffer])
  }

  function fromOctahedral(u, v) {
    let x = u, y = v, z = 1 - Math.abs(u) - Math.abs(v)
    if (z < 0) {
      x = (1 - Math.abs(v)) * (u < 0 ? -1 : 1)
      y = (1 - Math.abs(u)) * (v < 0 ? -1 : 1)
    }
    const length = Math.hypot(x, y, z)
    return [x / length, y / length, z / length]
  }

  const q = [0, 0, 0, 0]
  function covariance(packed, sx, sy, sz, t, texels, floats) {
    const largest = packed >>> 30
    let sum = 0
    for (let k = 0, bit = 0; k < 4; k++) {
      if (k === largest) continue
      q[k] = ((packed >>> bit & 1023) / 1023 - 0.5) * Math.SQRT2
      sum += q[k] * q[k]
      bit += 10
    }
    q[largest] = Math.sqrt(Math.max(0, 1 - sum))
    const [w, x, y, z] = q, s = Math.max(sx, sy, sz)
    const a = sx / s, b = sy / s, c = sz / s
    const m00 = (1 - 2 * (y * y + z * z)) * a, m01 = 2 * (x * y - w * z) * b, m02 = 2 * (x * z + w * y) * c
    const m10 = 2 * (x * y + w * z) * a, m11 = (1 - 2 * (x * x + z * z)) * b, m12 = 2 * (y * z - w * x) * c
    const m20 = 2 * (x * z - w * y) * a, m21 = 2 * (y * z + w * x) * b, m22 = (1 - 2 * (x * x + y * y)) * c
    const pair = (low, high) => (Math.round(low * 32767) & 0xffff) | (Math.round(high * 32767) << 16)
    floats[t + 4] = s
    texels[t + 5] = pair(m00 * m00 + m01 * m01 + m02 * m02, m00 * m10 + m01 * m11 + m02 * m12)
    texels[t + 6] = pair(m00 * m20 + m01 * m21 + m02 * m22, m10 * m10 + m11 * m11 + m12 * m12)
    texels[t + 7] = pair(m10 * m20 + m11 * m21 + m12 * m22, m20 * m20 + m21 * m21 + m22 * m22)
  }

  // By the slot in which something was built, the ways in which it is seen: [ax, ay, az, offset], which give how far ahead
  // it is, and the slot of its own in the highest byte.
  function waysAlong(axis, placed) {
    const ways = Array.from({length: 256}, () => [])
    ways[0].push([...axis, 0])
    for (const {built, slot, matrix} of placed) {
      const along = [0, 1, 2, 3].map(k => axis[0] * matrix[0][k] + axis[1] * matrix[1][k] + axis[2] * matrix[2][k])
      ways[built].push([along[0], along[1], along[2], along[3] + axis[3], slot << 24])
    }
    return ways
  }

  // every: one of so many, evenly from all of the file, so that what was hidden from the photo is among them.
  // placed: what is seen of the things, [{built, slot, matrix}, ...]; null: all as it was built.
  // Far to near, exactly: the bits of positive floats sort like the floats, so two counting sorts of 16 bits each do.
  function sort({id, axis, near, count, every = 1, placed, order}) {
    const {xyz, slots, sizes} = scene, n = Math.min(count, scene.there, placed ? Infinity : scene.header.count)
    const most = Math.max(scene.header.count, placed ? sizes[0] + placed.reduce((sum, one) => sum + sizes[one.built], 0) : 0)
    makeRoom(most)
    const {depth, other, ids} = scene, z = new Float32Array(depth.buffer)
    const low = new Uint32Array(65537), high = new Uint32Array(65537)
    const ways = placed && waysAlong(axis, placed), plain = [[...axis, 0]]
    let visible = 0
    for (let i = 0; i < n; i += every) {
      const seen = ways ? ways[slots[i]] : plain
      for (let k = 0; k < seen.length; k++) {
        const way = seen[k], along = way[0] * xyz[3 * i] + way[1] * xyz[3 * i + 1] + way[2] * xyz[3 * i + 2] + way[3]
        if (!(along > near)) continue
        z[visible] = along
        const key = depth[visible] = ~depth[visible]           // the farthest first
        ids[visible++] = i | way[4]
        low[(key & 0xffff) + 1]++
        high[(key >>> 16) + 1]++
      }
    }
    for (let k = 0; k < 65536; k++) {
      low[k + 1] += low[k]
      high[k + 1] += high[k]
    }
    for (let i = 0; i < visible; i++) other[low[depth[i] & 0xffff]++] = i
    const length = Math.ceil(most / ROW) * ROW
    const sorted = order?.length === length ? order : new Uint32Array(length)
    for (let i = 0; i < visible; i++) sorted[high[depth[other[i]] >>> 16]++] = ids[other[i]]
    postMessage({id, order: sorted, asked: n, every, count: visible, placed: Boolean(placed)}, [sorted.buffer])
  }
}
