// google-auth-library with our token endpoint as the STS of an external account (RFC 8693).

import { ExternalAccountClient } from 'google-auth-library'
import { answer, told } from './told.mjs'

function account() {
  const format = told.member
    ? { type: 'json', subject_token_field_name: told.member }
    : { type: 'text' }
  return ExternalAccountClient.fromJSON({
    type: 'external_account',
    audience: told.gateway,
    subject_token_type: told.type,
    token_url: told.tokenUrl,
    client_id: told.clientId,
    client_secret: told.clientSecret,
    credential_source: { file: told.file, format },
    scopes: told.scopes,
  })
}

async function call() {
  const client = account()
  const { status, data } = await client.request({ url: told.books })
  await client.getAccessToken()
  const lifetimeSeconds = Math.round((client.credentials.expiry_date - Date.now()) / 1000)
  return { status, count: data.count, lifetimeSeconds }
}

async function refused() {
  try {
    await account().getAccessToken()
  } catch (error) {
    return { message: error.message }
  }
  throw new Error('it was not refused')
}

await answer({ call, refused })
