-- What the scripts of history share. The head of a channel is a string:
--
--   epoch, fence, number of the last entry, number of the last one that is not kept,
--   age, time of the last entry, a time that no entry is older than
--
-- and its log a stream, whose ids are number-time: so the number finds an entry, the
-- time need not stand beside the data, and the server itself refuses a number that
-- was given already. Times are the server's, in ms, and never go back.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- The replication id changes whenever a server starts, or takes another's place: what
-- it has may then lack entries whose numbers were given. So the id is part of every
-- head, and a head with another one begins a new epoch. It is asked for in each call:
-- a server that was replaced, and then takes its place back, has the same scripts,
-- connections and run id as before.
local info = redis.call('INFO', 'replication')
local _, id = string.find(info, 'master_replid:', 1, true)
local fence = string.sub(info, id + 1, id + 16)

-- For how long, in ms, a head stays at the least after it was used.
local stay = 300000

-- Numbers are doubles here, and exact up to 2^53: a million entries a second reach
-- that in 285 years. The channel then begins a new epoch.
local most = 2 ^ 53

-- Text of a number, which would else be rounded to 14 digits.
local function text(n) return string.format('%.0f', n) end

-- The channel as it is, or as it begins where there is nothing, or nothing to be relied
-- on: keys that were evicted, overwritten or taken from a backup give no number twice.
-- A new epoch has the name of who has begun it, and the time.
local function load(head, log, who)
  local h = redis.pcall('GET', head)
  local kept = redis.pcall('XLEN', log)
  if type(h) == 'string' and type(kept) == 'number' then
    local ok, e, f, last, gone, age, at, oldest = pcall(cmsgpack.unpack, h)
    if ok and f == fence and last < most then
      if kept == 0 then gone = last end -- they were too old, or evicted
      if last - gone == kept then
        return { head = head, log = log, epoch = e, last = last, gone = gone, age = age, time = at, oldest = oldest }
      end
    end
  end
  return {
    head = head, log = log, epoch = who .. string.format('%x', time[1] * 1000000 + time[2]), last = 0, gone = 0, age = 0, time = 0, oldest = 0,
    new = true, found = h or kept ~= 0,
  }
end

-- Takes away what is left of before. That must not be the first write where there is
-- nothing: a server whose memory is full refuses a script's first write only.
local function clear(c)
  if c.found then redis.call('DEL', c.head, c.log) end
end

local function save(c)
  redis.call('SET', c.head, cmsgpack.pack(c.epoch, fence, c.last, c.gone, c.age, c.time, c.oldest),
    'PX', math.max(2 * c.age, stay))
end

-- Keeps the channel from being forgotten, of which somebody wants to know.
local function touch(c)
  if c.new then
    clear(c)
    save(c)
  else
    local left = math.max(2 * c.age, stay)
    if redis.call('PTTL', c.head) < left / 2 then redis.call('PEXPIRE', c.head, left) end
  end
end

-- Time of an entry that is kept.
local function at(c, n)
  local e = redis.call('XRANGE', c.log, n, n)
  return tonumber(string.match(e[1][1], '-(%d+)$'))
end

-- Raises gone over the entries that are not younger than cut. It looks at as few as it
-- can, since looking copies the data: mostly at none, for one that has gone at two.
local function expire(c, cut)
  if c.gone == c.last or c.oldest > cut then return end
  if c.time <= cut then
    c.gone = c.last
    return
  end
  local low, high, step = c.gone, c.last, 1 -- low has gone, high has not
  local seen = c.time -- of high
  while low + step < high do
    local t = at(c, low + step)
    if t > cut then
      high, seen = low + step, t
    else
      low, step = low + step, step * 2
    end
  end
  while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    local t = at(c, middle)
    if t > cut then high, seen = middle, t else low = middle end
  end
  c.gone, c.oldest = low, seen
end
