// From an address or bytes to the header, then to parts of records: begin(header), then add(first, records) for each.

const MAGIC = 'GEN3D view 1\n'
const ROW = 1024            // Gaussians per row of a texture; parts are whole rows
const PARTS = 5             // the steps in which a streamed scene grows
const RECORD_BYTES = [17, 26]   // by degree of the spherical harmonics

async function readScene(source, signal, begin, add) {
  const zipped = typeof source === 'string' ? await download(source, signal) : new Blob([source]).stream()
  const reader = zipped.pipeThrough(new DecompressionStream('gzip')).getReader()
  let bytes = new Uint8Array(1 << 16), filled = 0, header = null, stride = 0, sent = 0
  for (;;) {
    const {done, value} = await reader.read()
    signal.throwIfAborted()
    if (done) break
    if (filled + value.length > bytes.length) bytes = grown(bytes, filled + value.length)
    bytes.set(value, filled)
    filled += value.length
    if (!header) {
      const found = readHeader(bytes.subarray(0, filled))
      if (!found) continue
      header = found.header
      stride = RECORD_BYTES[header.sh_degree] + (header.kinds ? 1 : 0) + (header.things ? 2 : 0)
      const records = new Uint8Array(header.count * stride)
      records.set(bytes.subarray(found.end, filled))
      bytes = records
      filled -= found.end
      begin(header)
    }
    for (;;) {                                     // hand on every part that is complete
      const to = Math.min(header.count, Math.ceil((sent + header.count / PARTS) / ROW) * ROW)
      if (sent === header.count || filled < to * stride) break
      add(sent, bytes.slice(sent * stride, to * stride))
      sent = to
    }
  }
  if (!header || sent < header.count) throw new Error('the scene file ends early')
}

async function download(address, signal) {
  const answer = await fetch(address, {signal})
  if (!answer.ok) throw new Error(`the scene file: ${answer.status}`)
  return answer.body
}

function grown(bytes, atLeast) {
  const larger = new Uint8Array(Math.max(2 * bytes.length, atLeast))
  larger.set(bytes)
  return larger
}

function readHeader(bytes) {
  const start = MAGIC.length + 4
  if (bytes.length < start) return null
  if (new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) throw new Error('not a scene file')
  const end = start + new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true)
  return bytes.length < end ? null : {header: JSON.parse(new TextDecoder().decode(bytes.subarray(start, end))), end}
}
