// openid-client as client of the token service, found by discovery.

import * as client from 'openid-client'
import { answer, refusal, statusOf, told } from './told.mjs'

function clientAuth() {
  switch (told.method) {
    case 'client_secret_post':
      return client.ClientSecretPost(told.clientSecret)
    default:
      return client.ClientSecretBasic(told.clientSecret)
  }
}

async function configuration() {
  const options = { algorithm: told.algorithm, execute: [client.allowInsecureRequests] }
  const url = new URL(told.issuer)
  const auth = told.method === 'private_key_jwt' ? await keyAuth() : clientAuth()
  return await client.discovery(url, told.clientId, undefined, auth, options)
}

async function keyAuth() {
  const { alg, ...members } = told.key
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const key = await crypto.subtle.importKey('jwk', members, algorithm, false, ['sign'])
  return client.PrivateKeyJwt({ key, kid: told.key.kid })
}

async function token(config, DPoP) {
  if (told.grant) {
    return await client.genericGrantRequest(config, told.grant, told.parameters, { DPoP })
  }
  return await client.clientCredentialsGrant(config, told.parameters ?? {}, { DPoP })
}

async function whole() {
  const config = await configuration()
  const pair = told.dpop && (await client.randomDPoPKeyPair(told.dpop))
  const DPoP = pair ? client.getDPoPHandle(config, pair) : undefined
  const call = (accessToken) =>
    client.fetchProtectedResource(
      config, accessToken, new URL(told.books), 'GET', null, new Headers(), { DPoP },
    )
  const answer = await token(config, DPoP)
  const status = await statusOf(() => call(answer.access_token))
  const before = await client.tokenIntrospection(config, answer.access_token)
  await client.tokenRevocation(config, answer.access_token)
  const after = await client.tokenIntrospection(config, answer.access_token)
  const statusAfter = await statusOf(() => call(answer.access_token))
  return { token: answer, status, before, after, statusAfter }
}

/** A client that registers itself with a key (RFC 7591), and then gets a token by it. */
async function register() {
  const config = await client.dynamicClientRegistration(
    new URL(told.issuer),
    {
      client_name: 'Registered by openid-client',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [told.publicKey] },
    },
    await keyAuth(),
    {
      initialAccessToken: told.initialAccessToken,
      execute: [client.allowInsecureRequests],
      algorithm: 'oauth2',
    },
  )
  return { made: config.clientMetadata(), token: await token(config) }
}

await answer({
  register,
  whole,
  metadata: async () => (await configuration()).serverMetadata(),
  refused: () => refusal(async () => await token(await configuration(), undefined)),
})
