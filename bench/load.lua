-- Sends the requests listed in a file, in turn, and reports the run as one line of JSON.
-- Arguments: METHOD FILE [BODY]. A line of the file is a path and, after a tab, the value of
-- the Authorization header (or nothing).
-- One line is sent as a fixed request, which costs the load generator the least.

-- A pause in milliseconds, in the environment's BENCH_PAUSE_MS, keeps each connection idle for so
-- long after each answer: a load below the highest.

local pause = tonumber(os.getenv("BENCH_PAUSE_MS"))
if pause then
  function delay()
    return pause
  end
end
local prepared = {}
local turn = 0

function init(args)
  local method, body = args[1], args[3]
  for line in io.lines(args[2]) do
    local path, authorization = line:match("^([^\t]*)\t?(.*)$")
    local headers = {}
    if authorization ~= "" then headers["Authorization"] = authorization end
    if body then headers["Content-Type"] = "application/x-www-form-urlencoded" end
    for name, value in pairs(wrk.headers) do headers[name] = value end
    prepared[#prepared + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  turn = turn % #prepared + 1
  return prepared[turn]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%.6f,"p50":%.1f,"p90":%.1f,"p99":%.1f,"p999":%.1f,' ..
    '"statuses":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(90),
    latency:percentile(99), latency:percentile(99.9), errors.status, errors.connect,
    errors.read, errors.write, errors.timeout))
end
