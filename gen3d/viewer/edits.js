// What somebody wants otherwise in a scene: the same list, and the same result, as gen3d/edits.py and its edits.json have
// it. An edit is a plain object as in the file: {op: 'move', thing: 1, by: [0.5, 0, 0]}.
//
//   told      as the header of a .view has it: {up, ground, things: [{id, name, foot, box, footprint, ...}, ...]}, and
//             brought: the same of what can be brought in, which has its file for an id
//   instance  a thing as it is to be seen: {of, matrix: 3 rows of x -> A x, colour: 3 rows of rgb -> C rgb, foot, name,
//             hidden, shadow: how high its contact shadow lies, or null}, and for the sliders by how much it was turned
//             and scaled: {deg, factor}. of: a number, or the file of what was brought in

const LUMINANCE = [0.2126, 0.7152, 0.0722]
const LAST_THING = 65534
const LONGEST_NAME = 80
const MOST_EDITS = 10_000
const BRING = 'bring in'
const DISC_OF_FOOT = 1.35, DISC_LIFT = 0.08, DISC_SLIMMEST = 0.25
const AS_BUILT = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
const COLOURS = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
const TAKEN = {
  hide: [], show: [], remove: ['fill'], move: ['by'], turn: ['deg', 'axis', 'at'], scale: ['by', 'at'],
  duplicate: ['by', 'as', 'name'], tint: ['rgb', 'strength'], rename: ['name'], drop: ['shadow'],
  [BRING]: ['file', 'as', 'name', 'at', 'deg', 'size_m', 'depth_m', 'light', 'shadow'],
}
const NEEDED = {move: ['by'], turn: ['deg'], scale: ['by'], tint: ['rgb'], rename: ['name'], [BRING]: ['file', 'at', 'size_m', 'light']}

// Every thing that is left, by its number; throws for an edit of one that is not there by then.
function instancesOf(edits, {things, up, ground, brought = []}) {
  const known = [...things, ...brought]
  const there = new Map(things.map(({id, name, foot}) => [
    id, {of: id, matrix: AS_BUILT, colour: COLOURS, foot, name, hidden: false, shadow: null, deg: 0, factor: 1},
  ]))
  const taken = new Set(there.keys())
  for (const [i, edit] of edits.entries()) {
    if (edit.op === BRING) {
      const number = freeNumber(edit, taken, i)
      taken.add(number)
      there.set(number, broughtIn(edit, up, known))
      continue
    }
    const thing = there.get(edit.thing)
    if (!thing) throw new Error(`edit ${i + 1} is to ${edit.op} thing ${edit.thing}, and there is none of that number by then`)
    if (edit.op === 'remove') there.delete(edit.thing)
    else if (edit.op === 'duplicate') {
      const number = freeNumber(edit, taken, i)
      taken.add(number)
      there.set(number, {...movedBy(thing, edit.by ?? [0, 0, 0]), name: edit.name ?? `${nameOf(known, thing)}, copy ${number}`})
    } else if (edit.op === 'drop') there.set(edit.thing, dropped(thing, edit, ground, i))
    else there.set(edit.thing, changedBy(thing, edit, up))
  }
  return there
}

function freeNumber(edit, taken, i) {
  const number = edit.as ?? Math.max(0, ...taken) + 1
  if (taken.has(number) || number > LAST_THING) throw new Error(`edit ${i + 1} makes a thing ${number}, which is taken`)
  return number
}

// The same edits, the number of every copy said, which otherwise is the next that is free.
function numberedEdits(edits, things) {
  const taken = new Set(things.map(({id}) => id))
  return edits.map((edit, i) => {
    if (edit.op !== 'duplicate' && edit.op !== BRING) return edit
    const number = freeNumber(edit, taken, i)
    taken.add(number)
    return {...edit, as: number}
  })
}

// From where it stands by itself (its foot in the origin, its head towards -y, its longest side 1) to its place.
function broughtIn(edit, up, known) {
  const turned = multiplied(turnAbout(up, edit.deg ?? 0), upright(up)), {at, size_m} = edit
  const matrix = turned.map((row, k) => [...row.map(x => x * size_m), at[k]])
  const colour = COLOURS.map((row, k) => row.map(x => x * edit.light[k])), name = edit.name ?? nameOf(known, {of: edit.file})
  const shadow = edit.shadow ?? true ? dot(at, up) / Math.hypot(...up) : null
  return {of: edit.file, matrix, colour, foot: at, name, hidden: false, shadow, deg: edit.deg ?? 0, factor: 1}
}

// The shortest turn from -y to a scene's vertical.
function upright(up) {
  const [x, y, z] = up.map(v => v / Math.hypot(...up))
  if (y > 1 - 1e-9) return [[1, 0, 0], [0, -1, 0], [0, 0, -1]]
  const cross = [[0, -x, 0], [x, 0, z], [0, -z, 0]], twice = multiplied(cross, cross)
  return COLOURS.map((row, i) => row.map((one, j) => one + cross[i][j] + twice[i][j] / (1 - y)))
}

function dropped(thing, edit, ground, i) {
  if (!ground) throw new Error(`edit ${i + 1} is to drop a thing to the ground, and there is none here`)
  const {normal, offset} = ground, by = offset - dot(normal, thing.foot)
  return {...movedBy(thing, normal.map(x => by * x)), shadow: edit.shadow ?? true ? offset : null}
}

// What puts the unit disc where a thing's contact shadow lies; null for a thing that casts none.
function discUnder(thing, footprint, up) {
  if (thing.shadow === null || footprint.length < 2) return null
  const upward = up.map(v => v / Math.hypot(...up)), axis = Math.abs(upward[0]) < 0.9 ? [1, 0, 0] : [0, 0, 1]
  const flat = axis.map((x, k) => x - dot(axis, upward) * upward[k]), right = flat.map(x => x / Math.hypot(...flat))
  const ahead = crossed(upward, right)
  const corners = footprint.map(corner => transformed(thing.matrix, corner)).map(p => [dot(p, right), dot(p, ahead)])
  const [mx, my] = [0, 1].map(k => corners.reduce((sum, p) => sum + p[k], 0) / corners.length)
  let xx = 0, xy = 0, yy = 0
  for (const [x, y] of corners) { xx += (x - mx) ** 2; xy += (x - mx) * (y - my); yy += (y - my) ** 2 }
  const angle = 0.5 * Math.atan2(2 * xy, xx - yy), [c, s] = [Math.cos(angle), Math.sin(angle)]
  const ends = [[c, s], [-s, c]].map(along => corners.map(p => p[0] * along[0] + p[1] * along[1]))
  const low = ends.map(values => Math.min(...values)), high = ends.map(values => Math.max(...values))
  const half = low.map((x, k) => DISC_OF_FOOT * (high[k] - x) / 2), least = DISC_SLIMMEST * Math.max(...half, 1e-4)
  const [a, b] = half.map(x => Math.max(x, least)), [u, v] = low.map((x, k) => (x + high[k]) / 2)
  const first = right.map((x, k) => c * x + s * ahead[k]), second = right.map((x, k) => -s * x + c * ahead[k])
  const height = thing.shadow + DISC_LIFT * Math.min(a, b)
  return [0, 1, 2].map(k => [
    a * first[k], -Math.min(a, b) * upward[k], b * second[k], u * first[k] + v * second[k] + height * upward[k]])
}

function crossed([a, b, c], [x, y, z]) {
  return [b * z - c * y, c * x - a * z, a * y - b * x]
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
  const files = new Set((told.brought ?? []).map(({id}) => id))
  const [done, again] = [edits, undone].map(some => some.map((edit, i) => checkedEdit(edit, i + 1, ids, files)))
  instancesOf([...done, ...again], told)
  return {done, undone: again}
}

function checkedEdit(edit, place, ids, files) {
  const wrong = what => { throw new Error(`edit ${place} ${what}`) }
  const {op, ...rest} = edit ?? {}
  if (typeof op !== 'string' || !Object.hasOwn(TAKEN, op)) wrong(`does not say what to do: one of ${Object.keys(TAKEN).join(', ')}`)
  const checked = op === BRING ? {op} : {op, thing: ids.get(rest.thing) ?? rest.thing}
  if (op === BRING && 'thing' in rest) wrong('says "thing", which it does not take')
  if (op !== BRING && !isThing(checked.thing)) wrong(`means a thing ${JSON.stringify(rest.thing)}, which is none here`)
  for (const [key, value] of Object.entries(rest)) {
    if (key === 'thing') continue
    if (!TAKEN[op].includes(key)) wrong(`says "${key}", which ${op} does not take`)
    checked[key] = key === 'rgb' && /^#[0-9a-f]{6}$/i.test(value) ? colourFrom(value) : value
    if (!VALUES[key === 'by' && op === 'scale' ? 'factor' : key](checked[key])) wrong(`gives ${JSON.stringify(value)} for "${key}"`)
  }
  const missing = (NEEDED[op] ?? []).find(key => !(key in checked))
  if (missing) wrong(`does not say "${missing}"`)
  if (op === BRING && !files.has(checked.file)) wrong(`brings in ${checked.file}, which is not here: bring it in again`)
  return checked
}

const isThing = x => Number.isInteger(x) && x > 0 && x <= LAST_THING
const isWithin = (low, high) => x => Number.isFinite(x) && low <= x && x <= high
const areThree = (low, high) => v => Array.isArray(v) && v.length === 3 && v.every(isWithin(low, high))
const VALUES = {
  by: areThree(-1e6, 1e6), at: areThree(-1e6, 1e6), axis: v => areThree(-1e6, 1e6)(v) && Math.hypot(...v) >= 1e-6,
  deg: isWithin(-36000, 36000), factor: isWithin(1e-3, 1e3), rgb: areThree(0, 1), strength: isWithin(0, 1), as: isThing,
  name: isName, fill: x => typeof x === 'boolean', shadow: x => typeof x === 'boolean', file: x => typeof x === 'string',
  size_m: isWithin(1e-3, 1e3), depth_m: isWithin(1e-3, 1e6), light: areThree(0, 4),
}

function isName(x) {
  return typeof x === 'string' && x.trim() !== '' && x.length <= LONGEST_NAME && !/\p{C}|(?! )\p{Z}/u.test(x)
}

function colourFrom(code) {
  return [1, 3, 5].map(k => parseInt(code.slice(k, k + 2), 16) / 255)
}
