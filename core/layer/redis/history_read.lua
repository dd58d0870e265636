-- KEYS: head, log. ARGV: epoch and number to read after, how many entries, who reads.
-- Returns epoch and number of the last entry, 1 or 0 for a gap, and the data of entries:
-- of so many that no call takes long.
local c = load(KEYS[1], KEYS[2], ARGV[4])
touch(c)
expire(c, now - c.age)
local after = tonumber(ARGV[2])
if ARGV[1] ~= c.epoch or after > c.last or after < c.gone then
  return { c.epoch, text(c.last), 0 }
end

local function numberOf(entry) return tonumber(string.match(entry[1], '^(%d+)-')) end

local result = { c.epoch, text(c.last), 1 }
local left = math.min(tonumber(ARGV[3]), c.last - after, 1024)
local size, most, step = 0, 1048576, 1
while left > 0 and size < most do
  local page = redis.call('XRANGE', c.log, after + 1, '+', 'COUNT', math.min(step, left))
  local n = #page
  if n == 0 or numberOf(page[1]) ~= after + 1 or numberOf(page[n]) ~= after + n then
    -- Somebody has tampered with the log: the channel begins anew.
    redis.call('DEL', c.head)
    return { c.epoch, text(c.last), 0 }
  end
  for i = 1, n do
    local data = page[i][2][2]
    size = size + #data
    result[#result + 1] = data
  end
  after, left = after + n, left - n
  -- As many more as there is room for if they are like those so far, which may be of
  -- megabytes.
  step = math.max(1, math.min(128, math.floor((most - size) / (size / (#result - 3) + 1))))
end
return result
