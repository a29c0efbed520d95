// node-oidc-provider as a token endpoint and nothing else: client_credentials, JWT access
// tokens of one algorithm, everything in memory.
//
// Environment: PORT, CLIENTS (pairs of id and secret), SCOPE, ALGORITHM, KEYS (a private JWK set).

import Provider from 'oidc-provider';

const { PORT, CLIENTS, SCOPE, ALGORITHM, KEYS } = process.env;

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  clients: JSON.parse(CLIENTS).map(([id, secret]) => ({
    client_id: id,
    client_secret: secret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: SCOPE,
    // It would otherwise insist on an RS256 key for ID tokens, which nobody asks for here.
    id_token_signed_response_alg: ALGORITHM,
  })),
  scopes: [SCOPE],
  jwks: JSON.parse(KEYS),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (ctx, resource) => ({
        scope: SCOPE,
        audience: resource,
        accessTokenTTL: 900,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: ALGORITHM } },
      }),
    },
  },
});

provider.listen(Number(PORT), '127.0.0.1');
