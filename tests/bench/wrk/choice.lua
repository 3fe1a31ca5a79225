-- Which of N ids a request is about. Ids are popular in a mixed order, so that popular products are
-- not neighbours in the database: rank r has the id r * STEP mod N + 1, as in targets.py.
local ffi = require "ffi"

local function greatest_common_divisor(a, b)
    while b > 0 do a, b = b, a % b end
    return a
end

local function ids_by_rank(count)
    local step = math.max(1, math.floor(count * 0.618))
    while greatest_common_divisor(step, count) > 1 do step = step + 1 end
    return function(rank) return rank * step % count + 1 end
end

local choice = {}

function choice.uniform(count)
    return function() return math.random(count) end
end

-- The same one each time.
function choice.one(count)
    local id = ids_by_rank(count)(1)
    return function() return id end
end

-- The 10,000 most popular, each as often.
function choice.hot(count)
    local id_of = ids_by_rank(count)
    local hot = math.min(count, 10000)
    return function() return id_of(math.random(hot)) end
end

-- Rank r is asked for 1/r times as often as rank 1, over all ids: the exact distribution, from a
-- table of its sums.
function choice.zipf(count)
    local id_of = ids_by_rank(count)
    local sums = ffi.new("double[?]", count + 1)
    for rank = 1, count do sums[rank] = sums[rank - 1] + 1 / rank end
    return function()
        local point = math.random() * sums[count]
        local low, high = 1, count
        while low < high do
            local middle = math.floor((low + high) / 2)
            if sums[middle] < point then low = middle + 1 else high = middle end
        end
        return id_of(low)
    end
end

return choice
