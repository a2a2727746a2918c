// The program that .ksplat belongs to, as an independent writer of it.
//
//   node write_ksplat.mjs MODULE PLY OUT LEVEL DEGREE
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [module, ply, out, level, degree] = process.argv.slice(2)
globalThis.window = globalThis   // it looks for a browser's timers
const { PlyLoader } = await import(pathToFileURL(module))
const bytes = readFileSync(ply)
const content = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
const splats = await PlyLoader.loadFromFileData(content, 0, Number(level), true, Number(degree))
writeFileSync(out, Buffer.from(splats.bufferData))
