// oauth4webapi as client of the token service, and as the API that checks its tokens.

import * as oauth from 'oauth4webapi'
import { answer, refusal, statusOf, told } from './told.mjs'

const insecure = { [oauth.allowInsecureRequests]: true } // its own switch for http
const client = { client_id: told.clientId }
const issuer = new URL(told.issuer)

async function discover(algorithm = 'oauth2') {
  const response = await oauth.discoveryRequest(issuer, { ...insecure, algorithm })
  return await oauth.processDiscoveryResponse(issuer, response)
}

async function clientAuth() {
  switch (told.method) {
    case 'client_secret_post':
      return oauth.ClientSecretPost(told.clientSecret)
    case 'private_key_jwt':
      return oauth.PrivateKeyJwt({ key: await signingKey(told.key), kid: told.key.kid })
    default:
      return oauth.ClientSecretBasic(told.clientSecret)
  }
}

async function signingKey(jwk) {
  const { alg, ...members } = jwk
  const algorithms = {
    ES256: { name: 'ECDSA', namedCurve: 'P-256' },
    RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
    EdDSA: { name: 'Ed25519' },
  }
  return await crypto.subtle.importKey('jwk', members, algorithms[alg], false, ['sign'])
}

/** As its documentation says: once again with the nonce that the refusal brought. */
async function twice(work) {
  try {
    return await work()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return await work()
  }
}

async function dpopHandle() {
  const pair = await oauth.generateKeyPair(told.dpop, { extractable: false })
  return oauth.DPoP(client, pair)
}

/** A token by the grant that was asked for. */
async function token(as, DPoP) {
  const auth = await clientAuth()
  const options = { ...insecure, DPoP }
  const parameters = told.parameters ?? {}
  if (told.grant) {
    const response = await oauth.genericTokenEndpointRequest(
      as, client, auth, told.grant, parameters, options,
    )
    return await oauth.processGenericTokenEndpointResponse(as, client, response)
  }
  const response = await oauth.clientCredentialsGrantRequest(as, client, auth, parameters, options)
  return await oauth.processClientCredentialsResponse(as, client, response)
}

/** Call the API through the gateway, and keep the request as an API would see it. */
async function call(accessToken, DPoP) {
  let seen
  const customFetch = async (url, options) => {
    seen = new Request(url, { method: options.method, headers: options.headers })
    return await fetch(url, options)
  }
  const options = { ...insecure, DPoP, [oauth.customFetch]: customFetch }
  const response = await twice(() =>
    oauth.protectedResourceRequest(
      accessToken, 'GET', new URL(told.books), undefined, null, options,
    ),
  )
  return { status: response.status, request: seen }
}

async function introspect(as, auth, accessToken, signed = false) {
  const asking = { ...client }
  if (signed) asking.introspection_signed_response_alg = told.signing
  const options = { ...insecure, requestJwtResponse: signed }
  const response = await oauth.introspectionRequest(as, asking, auth, accessToken, options)
  const contentType = response.headers.get('content-type')
  const claims = await oauth.processIntrospectionResponse(as, asking, response)
  if (signed) await oauth.validateApplicationLevelSignature(as, response, insecure)
  return { contentType, claims }
}

async function whole() {
  const as = await discover(told.algorithm)
  const auth = await clientAuth()
  const DPoP = told.dpop ? await dpopHandle() : undefined
  const answer = await twice(() => token(as, DPoP))
  const called = await call(answer.access_token, DPoP)
  // Its validator of RFC 9068 access tokens, which checks the DPoP proof as well.
  const claims = await oauth.validateJwtAccessToken(as, called.request, told.audience, {
    ...insecure,
    requireDPoP: Boolean(told.dpop),
  })
  const before = await introspect(as, auth, answer.access_token)
  const revocation = await oauth.revocationRequest(as, client, auth, answer.access_token, insecure)
  await oauth.processRevocationResponse(revocation)
  const after = await introspect(as, auth, answer.access_token)
  const statusAfter = await statusOf(() => call(answer.access_token, DPoP))
  return {
    token: answer,
    status: called.status,
    claims,
    before: before.claims,
    after: after.claims,
    statusAfter,
  }
}

async function signedIntrospection() {
  const as = await discover()
  const auth = await clientAuth()
  const answer = await token(as)
  return await introspect(as, auth, answer.access_token, true)
}

/** From the refusal of a call without a token to the API's own document (RFC 9728 §5). */
async function resource() {
  const { headers } = await fetch(told.books)
  const challenge = headers.get('www-authenticate')
  const [, address] = /resource_metadata="([^"]+)"/.exec(challenge)
  const identifier = new URL(told.resource)
  const asked = await oauth.resourceDiscoveryRequest(identifier, insecure)
  const found = await oauth.processResourceDiscoveryResponse(identifier, asked)
  return { challenge, address, asked: asked.url, found }
}

/** A client that registers itself (RFC 7591), and then gets a token. */
async function register() {
  const as = await discover()
  const options = { ...insecure, initialAccessToken: told.initialAccessToken }
  const metadata = {
    client_name: 'Registered by oauth4webapi',
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: 'books:read',
  }
  const response = await oauth.dynamicClientRegistrationRequest(as, metadata, options)
  const made = await oauth.processDynamicClientRegistrationResponse(response)
  const auth = oauth.ClientSecretBasic(made.client_secret)
  const answer = await oauth.clientCredentialsGrantRequest(as, made, auth, {}, insecure)
  return { made, token: await oauth.processClientCredentialsResponse(as, made, answer) }
}

await answer({
  resource,
  register,
  whole,
  signedIntrospection,
  metadata: discover,
  refused: () => refusal(async () => await token(await discover(), undefined)),
})
