-- The requests of the benchmark, ready to be sent.
local function get(target, header)
    return "GET " .. target .. " HTTP/1.1\r\nHost: bench\r\n" .. (header or "") .. "\r\n"
end

local takes_gzip = "Accept-Encoding: gzip\r\n"

local message = {}

function message.questions(product)
    return get("/qa/questions?product_id=" .. product)
end

function message.questions_gzip(product)
    return get("/qa/questions?product_id=" .. product, takes_gzip)
end

function message.questions_sorted(product)
    return get("/qa/questions?product_id=" .. product .. "&sort=newest")
end

function message.questions_search(product)
    return get("/qa/questions?product_id=" .. product .. "&q=it+size")
end

function message.answers(question)
    return get("/qa/questions/" .. question .. "/answers")
end

function message.static_file(product)
    return get("/page.json?product_id=" .. product)
end

function message.static_file_gzip(product)
    return get("/gzip.json?product_id=" .. product, takes_gzip)
end

local function vote(answer, header)
    return "PUT /qa/answers/" .. answer .. "/helpful HTTP/1.1\r\nHost: bench\r\n" .. header
        .. "Content-Length: 0\r\n\r\n"
end

-- One that nobody else has.
local function token()
    return string.format("%08x-%08x-%08x", math.random(2^32) - 1, math.random(2^32) - 1, math.random(2^32) - 1)
end

function message.vote(answer)
    return vote(answer, "")
end

function message.vote_of_voter(answer)
    return vote(answer, "Qa-Voter: " .. token() .. "\r\n")
end

function message.keyed_vote(answer)
    return vote(answer, "Idempotency-Key: " .. token() .. "\r\n")
end

-- The same rows as in insert_answer.sql.
local new_answer = '{"body":"It runs a little large; mine shrank to fit after two washes, so take your size.",'
    .. '"name":"bench","email":"bench@example.com",'
    .. '"photos":["https://img.example/bench/1.jpg","https://img.example/bench/2.jpg"]}'

function message.new_answer(question)
    return "POST /qa/questions/" .. question .. "/answers HTTP/1.1\r\nHost: bench\r\n"
        .. "Content-Type: application/json\r\nContent-Length: " .. #new_answer .. "\r\n\r\n"
        .. new_answer
end

return message
