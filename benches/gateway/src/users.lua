-- A thousand users, each by a request of its own; one line of figures at the end.
-- With the argument `judge`, each answer is looked at too, which costs wrk time.

local requests, turn, threads = {}, 0, {}
wrong = 0

function setup(thread)
   table.insert(threads, thread)
end

function init(arguments)
   for user = 1, 1000 do
      requests[user] = wrk.format("GET", "/page", { ["x-user"] = "user-" .. user })
   end
   if arguments[1] == "judge" then
      response = function(status, headers, body)
         local side = string.match(body, "^(%l+) says hello")
         local right = status == 200 and (side == "modern" or side == "legacy")
         -- From 400 on, wrk counts itself.
         if status < 400 and not right then
            wrong = wrong + 1
         end
      end
   end
end

function request()
   turn = turn % 1000 + 1
   return requests[turn]
end

function done(summary, latency)
   local wrong, errors = 0, summary.errors
   for _, thread in ipairs(threads) do
      wrong = wrong + thread:get("wrong")
   end
   print(string.format(
      "measured requests=%d micros=%d p50=%d p99=%d connect=%d read=%d write=%d status=%d timeout=%d wrong=%d",
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
      errors.connect, errors.read, errors.write, errors.status, errors.timeout, wrong))
end
