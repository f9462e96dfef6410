-- For wrk: asks for OBJECTS objects in turn when that is set, sends the file BODY with each
-- request if it has content, and prints the result as JSON.

local file = io.open(os.getenv("BODY"), "rb")
local body = file:read("*a")
file:close()
if #body > 0 then
  wrk.method, wrk.body = "POST", body
end

local objects = tonumber(os.getenv("OBJECTS") or "0")

if objects > 0 then
  local requests, next_one = {}, 0
  function init()
    for i = 1, objects do
      requests[i] = wrk.format("GET", "/objects/" .. i)
    end
  end
  function request()
    next_one = next_one % objects + 1
    return requests[next_one]
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "errors": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
