-- Checks a call's JWT in nginx: algorithm, signature, issuer, audience, expiry and scope.
-- Used as `require("nginx")(wanted)`, once at the start; gives the function to run on each call.
-- It keeps the parsed key, and nothing of a token: each call is verified anew.

local base64 = require "ngx.base64"
local json = require "cjson.safe"
local digest = require "openssl.digest"
local pkey = require "openssl.pkey"

local UNAUTHORIZED, FORBIDDEN = 401, 403

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

-- An integer of ASN.1 (X.690 8.3): no needless zeros in front, one where the sign bit is set.
local function integer(bytes)
  bytes = bytes:gsub("^%z+", "")
  if bytes == "" or bytes:byte() >= 0x80 then bytes = "\0" .. bytes end
  return "\2" .. string.char(#bytes) .. bytes
end

-- JWS carries r and s side by side (RFC 7518 3.4); OpenSSL wants them as a sequence of ASN.1.
local function to_der(signature)
  if #signature ~= 64 then return nil end
  local both = integer(signature:sub(1, 32)) .. integer(signature:sub(33))
  return "\48" .. string.char(#both) .. both
end

local function decode(part)
  local text = base64.decode_base64url(part)
  local object = text and json.decode(text)
  return type(object) == "table" and object or nil
end

local function has_audience(claim, audience)
  if type(claim) ~= "table" then return claim == audience end
  for _, one in ipairs(claim) do
    if one == audience then return true end
  end
  return false
end

local function has_scope(claim, scope)
  if type(claim) ~= "string" then return false end
  return (" " .. claim .. " "):find(" " .. scope .. " ", 1, true) ~= nil
end

return function(wanted)
  local key = pkey.new(read(wanted.key))

  local function is_signed(input, signature)
    if wanted.algorithm == "ES256" then signature = to_der(signature) end
    if not signature then return false end
    local hash = digest.new("sha256")
    hash:update(input)
    -- It raises an error where the signature is malformed rather than false.
    local ran, good = pcall(key.verify, key, signature, hash)
    return ran and good == true
  end

  local function claims_of(authorization)
    local token = authorization and authorization:match("^[Bb]earer ([%w%-_.]+)$")
    if not token then return nil end
    local head, payload, signature = token:match("^([%w%-_]+)%.([%w%-_]+)%.([%w%-_]+)$")
    if not head then return nil end
    local header, raw = decode(head), base64.decode_base64url(signature)
    if not header or header.alg ~= wanted.algorithm or not raw then return nil end
    if not is_signed(head .. "." .. payload, raw) then return nil end
    return decode(payload)
  end

  return function()
    local claims = claims_of(ngx.var.http_authorization)
    if not claims
      or claims.iss ~= wanted.issuer
      or not has_audience(claims.aud, wanted.audience)
      or type(claims.exp) ~= "number"
      or claims.exp <= ngx.time()
    then
      return ngx.exit(UNAUTHORIZED)
    end
    if not has_scope(claims.scope, wanted.scope) then return ngx.exit(FORBIDDEN) end
  end
end
