// A page with a scene and nothing else (alone.html): scene.html, which holds the scene, and a site's index.html, beside
// which it lies. load: gives a promise of the scene's bytes, and is called when they are wanted.

async function startAlone(load) {
  const asked = askedOf(location.search), [poster, open, embed] = ['poster', 'open', 'embed'].map(id => document.getElementById(id))
  document.body.classList.toggle('noui', asked.noui)
  if (asked.poster) await pressed(open)
  const viewer = createSceneViewer(document.getElementById('viewer'), {asked})
  if (!viewer.canvas) return                        // its words stand over the poster
  offerEmbedding(embed, viewer.canvas)
  try {
    await viewer.show(await load())
  } catch (error) {
    console.warn(error.message)                     // the canvas tells the visitor
  }
  await drawn(viewer.canvas)
  poster?.remove()
}

function pressed(button) {
  button.hidden = false
  return new Promise(done => button.addEventListener('click', () => { button.remove(); done() }, {once: true}))
}

function drawn(canvas) {
  return new Promise(done => {
    const look = () => (canvas.dataset.ready === 'true' ? done() : setTimeout(look, 50))
    look()
  })
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))
}

// Of the page as it looks now; from disk there is no address that anybody else could open.
function embedCode(address, title, dataset) {
  const quoted = text => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
  const camera = cameraOf(dataset), source = `${address}?noui${camera && `&camera=${camera}`}`
  return `<iframe src="${quoted(source)}" title="${quoted(title)}" loading="lazy" allow="fullscreen; xr-spatial-tracking; ` +
    'gyroscope; accelerometer" style="width: 100%; aspect-ratio: 4 / 3; border: 0"></iframe>'
}

function offerEmbedding(button, canvas) {
  if (!/^https?:$/.test(location.protocol)) return
  button.hidden = false
  const [copy, code, told] = ['button', 'textarea', '[role=status]'].map(part => button.querySelector(part))
  copy.addEventListener('click', async () => {
    code.value = embedCode(location.origin + location.pathname, document.title, canvas.dataset)
    code.hidden = false
    code.select()
    try {
      await navigator.clipboard.writeText(code.value)
      told.textContent = 'Copied.'
    } catch {                                       // without https a page may not
      told.textContent = 'Copy it from here.'
    }
  })
}
