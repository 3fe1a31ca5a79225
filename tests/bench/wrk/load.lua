-- wrk's script: wrk -s load.lua URL -- MESSAGE CHOICE COUNT. Each request is a MESSAGE about one of
-- COUNT ids, taken by CHOICE. Prints one line of JSON at the end.
local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("seed", os.time() * 100 + threads)
end

function init(arguments)
    math.randomseed(seed)
    message = require("message")[arguments[1]]
    choose = require("choice")[arguments[2]](tonumber(arguments[3]))
end

function request()
    return message(choose())
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"seconds":%.6f,"refused":%d,"broken":%d,"late":%d,"connection":%d,'
        .. '"percentiles_ms":{',
        summary.requests, summary.duration / 1e6, errors.status, errors.read + errors.write,
        errors.timeout, errors.connect))
    for position, percentile in ipairs({50, 75, 90, 95, 99, 99.9, 99.99}) do
        io.write(string.format('%s"%g":%.3f', position > 1 and "," or "", percentile,
            latency:percentile(percentile) / 1000))
    end
    io.write("}}\n")
end
