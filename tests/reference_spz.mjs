// The format's reference library (C++, compiled for Node.js) as an independent reader and writer of .spz.
//
//   node reference_spz.mjs LIBRARY read FILE OUT AXES                  arrays, joined as float32, to OUT
//   node reference_spz.mjs LIBRARY write FILE OUT VERSION COUNT DEGREE   FILE: such arrays, in axes RDF
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [library, verb, file, out, ...rest] = process.argv.slice(2)
const spz = await (await import(pathToFileURL(library))).default()
const NAMES = ['positions', 'scales', 'rotations', 'alphas', 'colors', 'sh']

if (verb === 'read') {
  const cloud = spz.loadSpzFromBuffer(new Uint8Array(readFileSync(file)), { to: spz.CoordinateSystem[rest[0]] })
  writeFileSync(out, Buffer.concat(NAMES.map(name => Buffer.from(Float32Array.from(cloud[name]).buffer))))
  const orbits = (cloud.extensions || []).filter(e => e.safeOrbitRadiusMin !== undefined)
    .map(e => [e.safeOrbitElevationMin, e.safeOrbitElevationMax, e.safeOrbitRadiusMin])
  const { numPoints: count, shDegree: degree, antialiased } = cloud
  console.log(JSON.stringify({ count, degree, antialiased, orbits }))
} else {
  const [version, count, degree] = rest.slice(0, 3).map(Number)
  const values = new Float32Array(new Uint8Array(readFileSync(file)).buffer)
  const widths = [3, 3, 4, 1, 3, 3 * ((degree + 1) ** 2 - 1)]
  const cloud = { numPoints: count, shDegree: degree, antialiased: false, extensions: [] }
  let start = 0
  NAMES.forEach((name, i) => { cloud[name] = values.slice(start, start += count * widths[i]) })
  const options = { version, from: spz.CoordinateSystem.RDF, sh1Bits: 8, shRestBits: 8 }
  writeFileSync(out, spz.saveSpzToBuffer(cloud, options))
}
