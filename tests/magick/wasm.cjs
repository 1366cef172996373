// Runs ImageMagick's WebAssembly build (npm wasm-imagemagick) under node, many commands at once.
//
//   node wasm.cjs DIST < jobs.json
//
// DIST holds magick.js and magick.wasm. Jobs are [{"input": file, "output": file, "arguments":
// [...]}]; in the arguments "@in" and "@out" stand for the two. What -version says goes to stdout.
'use strict'

const fs = require('fs')
const path = require('path')
const vm = require('vm')

const folder = path.resolve(process.argv[2])
const jobs = JSON.parse(fs.readFileSync(0, 'utf8'))
const START = 'var Module=typeof Module' // before it stands the package's own web worker

function work(job) {
  const { FS, Module } = globalThis
  const extension = path.extname(job.output)
  const names = { '@in': '/in' + path.extname(job.input), '@out': '/out' + extension }
  FS.writeFile(names['@in'], new Uint8Array(fs.readFileSync(job.input)))
  call(Module, ['convert', ...job.arguments.map(word =>
    word.replace(/@in|@out/, found => names[found]))])
  fs.writeFileSync(job.output, FS.readFile(names['@out']))
  FS.unlink(names['@out'])
}

function call(Module, words) {
  try {
    Module.callMain(words)
  } catch (ended) {
    if (ended.name !== 'ExitStatus') throw ended
  }
}

process.on('uncaughtException', error => {
  if (error.name === 'ExitStatus') return
  console.error(error)
  process.exit(1)
})
globalThis.require = require
globalThis.__dirname = folder
globalThis.Module = {
  noInitialRun: true,
  wasmBinary: fs.readFileSync(path.join(folder, 'magick.wasm')),
  print: line => console.log(line),
  printErr: line => console.error(line),
  quit: () => {},
  onRuntimeInitialized() {
    call(globalThis.Module, ['convert', '-version'])
    jobs.forEach(work)
  }
}
const source = fs.readFileSync(path.join(folder, 'magick.js'), 'utf8')
vm.runInThisContext(source.slice(source.indexOf(START)), { filename: 'magick.js' })
