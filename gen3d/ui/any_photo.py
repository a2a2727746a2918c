"""The photo field takes any file, so that what is wrong with one is told beside it, in our words.

Gradio 6.31 lets only image/* into a picture's field, and a browser calls a HEIC photo, or a RAW, nothing at all: it was
turned away with a toast. So files without a picture's type are given one on their way into the field; what they are the
pipeline finds out from their first bytes.
"""

ANY_FILE = """() => {
  const isPicture = file => file.type.startsWith('image/')
  const retyped = files => {
    const held = new DataTransfer()
    for (const file of files)
      held.items.add(isPicture(file) ? file : new File([file], file.name, {type: 'image/unknown'}))
    return held
  }
  const inPhoto = event => event.target instanceof Element && event.target.closest('#photo')
  const strange = files => [...files ?? []].some(file => !isPicture(file))
  addEventListener('click', event => {
    if (inPhoto(event)) for (const input of document.querySelectorAll('#photo input[type=file]')) input.accept = ''
  }, true)
  addEventListener('change', event => {
    if (inPhoto(event) && strange(event.target.files)) event.target.files = retyped(event.target.files).files
  }, true)
  addEventListener('drop', event => {
    if (!inPhoto(event) || !strange(event.dataTransfer?.files)) return
    event.preventDefault()
    event.stopImmediatePropagation()
    const dataTransfer = retyped(event.dataTransfer.files)
    event.target.dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer}))
  }, true)
}"""
"""A script for the page's load."""
