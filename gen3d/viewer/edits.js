// What somebody wants otherwise in a scene: the same list, and the same result, as gen3d/edits.py and its edits.json have
// it. An edit is a plain object as in the file: {op: 'move', thing: 1, by: [0.5, 0, 0]}.
//
//   told      as the header of a .view has it: {up, ground, things: [{id, name, foot, box, footprint, ...}, ...]}
//   instance  a thing as it is to be seen: {of, matrix: 3 rows of x -> A x, colour: 3 rows of rgb -> C rgb, foot, name,
//             hidden}, and for the sliders by how much it was turned and scaled: {deg, factor}

const LUMINANCE = [0.2126, 0.7152, 0.0722]
const LAST_THING = 65534
const LONGEST_NAME = 80
const MOST_EDITS = 10_000
const AS_BUILT = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
const COLOURS = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
const TAKEN = {
  hide: [], show: [], remove: ['fill'], move: ['by'], turn: ['deg', 'axis', 'at'], scale: ['by', 'at'],
  duplicate: ['by', 'as', 'name'], tint: ['rgb', 'strength'], rename: ['name'],
}
const NEEDED = {move: 'by', turn: 'deg', scale: 'by', tint: 'rgb', rename: 'name'}

// Every thing that is left, by its number; throws for an edit of one that is not there by then.
function instancesOf(edits, {things, up}) {
  const there = new Map(things.map(({id, name, foot}) => [
    id, {of: id, matrix: AS_BUILT, colour: COLOURS, foot, name, hidden: false, deg: 0, factor: 1},
  ]))
  const taken = new Set(there.keys())
  for (const [i, edit] of edits.entries()) {
    const thing = there.get(edit.thing)
    if (!thing) throw new Error(`edit ${i + 1} is to ${edit.op} thing ${edit.thing}, and there is none of that number by then`)
    if (edit.op === 'remove') there.delete(edit.thing)
    else if (edit.op === 'duplicate') {
      const number = edit.as ?? Math.max(0, ...taken) + 1
      if (taken.has(number) || number > LAST_THING) throw new Error(`edit ${i + 1} makes a thing ${number}, which is taken`)
      taken.add(number)
      there.set(number, {...movedBy(thing, edit.by ?? [0, 0, 0]), name: edit.name ?? `${nameOf(things, thing)}, copy ${number}`})
    } else there.set(edit.thing, changedBy(thing, edit, up))
  }
  return there
}

function nameOf(things, thing) {
  return things.find(({id}) => id === thing.of).name
}

function changedBy(thing, edit, up) {
  switch (edit.op) {
    case 'hide': case 'show': return {...thing, hidden: edit.op === 'hide'}
    case 'rename': return {...thing, name: edit.name}
    case 'move': return movedBy(thing, edit.by)
    case 'tint': return {...thing, colour: multiplied(towards(edit.rgb, edit.strength ?? 1), thing.colour)}
    case 'turn': return placedBy(thing, turnAbout(edit.axis ?? up, edit.deg), edit.at, {deg: thing.deg + (edit.axis ? 0 : edit.deg)})
    case 'scale': return placedBy(thing, COLOURS.map(row => row.map(x => x * edit.by)), edit.at, {factor: thing.factor * edit.by})
  }
}

function movedBy(thing, by) {
  return {...thing, matrix: thing.matrix.map((row, k) => [...row.slice(0, 3), row[3] + by[k]]), foot: thing.foot.map((x, k) => x + by[k])}
}

// About a place, else about its foot.
function placedBy(thing, linear, at, told) {
  const around = at ?? thing.foot, offset = around.map((x, k) => x - dot(linear[k], around))
  const matrix = linear.map((row, k) => [...multiplied([row], thing.matrix)[0], dot(row, thing.matrix.map(r => r[3])) + offset[k]])
  return {...thing, matrix, foot: linear.map((row, k) => dot(row, thing.foot) + offset[k]), ...told}
}

// Rodrigues' formula.
function turnAbout(axis, deg) {
  const [x, y, z] = axis.map(v => v / Math.hypot(...axis)), angle = deg * Math.PI / 180
  const cross = [[0, -z, y], [z, 0, -x], [-y, x, 0]], twice = multiplied(cross, cross)
  return COLOURS.map((row, i) => row.map((one, j) => one + Math.sin(angle) * cross[i][j] + (1 - Math.cos(angle)) * twice[i][j]))
}

// As much of a colour as a thing is bright, mixed in.
function towards(rgb, strength) {
  const bright = Math.max(dot(LUMINANCE, rgb), 1e-3)
  return COLOURS.map((row, i) => row.map((one, j) => (1 - strength) * one + strength * rgb[i] * LUMINANCE[j] / bright))
}

// Of 3 x 3 matrices; of the second, more columns do not count.
function multiplied(a, b) {
  return a.map(row => [0, 1, 2].map(k => row[0] * b[0][k] + row[1] * b[1][k] + row[2] * b[2][k]))
}

function transformed(matrix, point) {
  return matrix.map(row => dot(point, row) + row[3])
}

// One edit for two of a kind, one right after the other; null where they are not of a kind.
function joinedEdits(a, b) {
  if (a?.op !== b.op || a.thing !== b.thing || a.axis || a.at) return null
  if (b.op === 'move') return {...b, by: b.by.map((x, k) => x + a.by[k])}
  if (b.op === 'turn') return {...b, deg: a.deg + b.deg}
  if (b.op === 'scale') return {...b, by: a.by * b.by}
  return b.op === 'rename' ? b : null
}

// -- edits.json

function asEditsFile(done, undone) {
  return `${JSON.stringify({edits: done, undone}, null, 1)}\n`
}

// {done, undone} of a file's text; throws for what is no list of edits, or cannot be made of these things.
function editsFrom(text, told) {
  const found = JSON.parse(text), {edits, undone = []} = Array.isArray(found) ? {edits: found} : found ?? {}
  if (!Array.isArray(edits) || !Array.isArray(undone)) throw new Error('it holds no list of edits')
  if (edits.length + undone.length > MOST_EDITS) throw new Error(`it holds more than ${MOST_EDITS} edits`)
  const ids = new Map()
  for (const {id, name} of told.things) ids.set(name, ids.has(name) ? null : id)
  const [done, again] = [edits, undone].map(some => some.map((edit, i) => checkedEdit(edit, i + 1, ids)))
  instancesOf([...done, ...again], told)
  return {done, undone: again}
}

function checkedEdit(edit, place, ids) {
  const wrong = what => { throw new Error(`edit ${place} ${what}`) }
  const {op, ...rest} = edit ?? {}
  if (typeof op !== 'string' || !Object.hasOwn(TAKEN, op)) wrong(`does not say what to do: one of ${Object.keys(TAKEN).join(', ')}`)
  const checked = {op, thing: ids.get(rest.thing) ?? rest.thing}
  if (!isThing(checked.thing)) wrong(`means a thing ${JSON.stringify(rest.thing)}, which is none here`)
  for (const [key, value] of Object.entries(rest)) {
    if (key === 'thing') continue
    if (!TAKEN[op].includes(key)) wrong(`says "${key}", which ${op} does not take`)
    checked[key] = key === 'rgb' && /^#[0-9a-f]{6}$/i.test(value) ? colourFrom(value) : value
    if (!VALUES[key === 'by' && op === 'scale' ? 'factor' : key](checked[key])) wrong(`gives ${JSON.stringify(value)} for "${key}"`)
  }
  if (NEEDED[op] && !(NEEDED[op] in checked)) wrong(`does not say "${NEEDED[op]}"`)
  return checked
}

const isThing = x => Number.isInteger(x) && x > 0 && x <= LAST_THING
const isWithin = (low, high) => x => Number.isFinite(x) && low <= x && x <= high
const areThree = (low, high) => v => Array.isArray(v) && v.length === 3 && v.every(isWithin(low, high))
const VALUES = {
  by: areThree(-1e6, 1e6), at: areThree(-1e6, 1e6), axis: v => areThree(-1e6, 1e6)(v) && Math.hypot(...v) >= 1e-6,
  deg: isWithin(-36000, 36000), factor: isWithin(1e-3, 1e3), rgb: areThree(0, 1), strength: isWithin(0, 1), as: isThing,
  name: isName, fill: x => typeof x === 'boolean',
}

function isName(x) {
  return typeof x === 'string' && x.trim() !== '' && x.length <= LONGEST_NAME && !/\p{C}|(?! )\p{Z}/u.test(x)
}

function colourFrom(code) {
  return [1, 3, 5].map(k => parseInt(code.slice(k, k + 2), 16) / 255)
}
