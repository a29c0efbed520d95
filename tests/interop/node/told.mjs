// What pytest tells a script on its standard input, and how the script answers on its output.

import { readFileSync } from 'node:fs'

export const told = JSON.parse(readFileSync(0, 'utf8'))

/** Do the step that was asked for and print what it gives as JSON, or fail in few words. */
export async function answer(steps) {
  try {
    console.log(JSON.stringify(await steps[told.step]()))
  } catch (error) {
    console.error(error.stack)
    console.error(JSON.stringify({ ...said(error), cause: await body(error.cause) }))
    process.exit(1)
  }
}

/** What a client's own error says, for a step that is meant to fail. */
export async function refusal(work) {
  try {
    await work()
  } catch (error) {
    return said(error)
  }
  throw new Error('it was not refused')
}

function said(error) {
  return {
    name: error.constructor.name,
    code: error.code,
    error: error.error,
    description: error.error_description,
    status: error.status,
  }
}

async function body(cause) {
  if (!(cause instanceof Response)) return cause
  return { status: cause.status, body: cause.bodyUsed ? 'read' : await cause.text() }
}

/** The status of a call, whether the client takes it as an answer or as an error. */
export async function statusOf(work) {
  try {
    return (await work()).status
  } catch (error) {
    if (error.status === undefined) throw error
    return error.status
  }
}
