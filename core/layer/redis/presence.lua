-- What the scripts of presence share. Times are the server's, in ms. All keys are of
-- one partition, so in one slot; those of other channels than the one that a script is
-- called for have names that are put together here.
--
-- Of a partition:
--   owners: hash, owner -> the mark of its lease, and a fence
--   leases: sorted set, mark and owner, by when the lease ends
--   ended:  set, marks of leases that have ended, while sessions are left of them
--   graces: sorted set, room and key, by when the grace ends
--   tender: who is ending what has run out
--   rooms of a mark: set, the rooms in which it has sessions
-- Of a channel, which is called a room here:
--   who: hash, "k" and key -> which session is the last one, and the info that others
--        see; "v" -> the version
--   sessions of a mark: hash, key and id -> the session before and the one after in
--        the order in which those of the key entered or changed, and the info, if it
--        isn't the last one
--
-- A mark stands for one lease of one owner. When the lease ends it is no more than put
-- into ended, however many sessions there are; rooms are rid of these one by one, and
-- each before anything else happens in it, if they aren't too many. So a lease costs a
-- call for each partition to prolong, a session nothing.

local owners, leases, ended, graces, tender = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local publish, sessionsOf, roomsOf, whoOf, me = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- For how long, in ms, the version of a room stays where nobody is.
local stay = 600000

local markLength = 13

-- How many sessions a script ends in one room, or two times as many in all: it takes
-- some 20 us for each.
local atOnce = 200

local function text(n) return string.format('%.0f', n) end

-- Two texts, and then a text and the rest, as one.
local function join(a, b) return struct.pack('>I4', #a) .. a .. b end
local function split(s)
  local n = struct.unpack('>I4', s)
  return string.sub(s, 5, 4 + n), string.sub(s, 5 + n)
end

-- A session is known in its room by its key and its ref: mark and id.
local function markOf(ref) return string.sub(ref, 1, markLength) end

local function place(room, key, ref)
  return sessionsOf .. markOf(ref) .. room.name, join(key, string.sub(ref, markLength + 1))
end

-- The session has {before, after, info}: refs, which are "" where there is none.
local function session(room, key, ref)
  if ref == '' then return nil end
  local s = redis.call('HGET', place(room, key, ref))
  return s and cmsgpack.unpack(s) or nil
end

local function setSession(room, key, ref, s)
  local hash, field = place(room, key, ref)
  redis.call('HSET', hash, field, cmsgpack.pack(s))
end

-- Ref of the last session, "" in grace, and the info; nothing where the key isn't present.
local function member(room, key)
  local m = redis.call('HGET', room.who, 'k' .. key)
  if m then return split(m) end
end

local function setMember(room, key, last, info)
  redis.call('HSET', room.who, 'k' .. key, join(last, info))
end

-- A room that is about to be changed.
local function open(name) return { name = name, who = whoOf .. name, keys = {}, seen = {} } end

-- Remembers what others have seen of a key.
local function touch(room, key)
  if room.seen[key] == nil then
    local _, info = member(room, key)
    room.seen[key] = info or false
    room.keys[#room.keys + 1] = key
  end
end

-- Tells what is different with the keys that were touched.
local function tell(room)
  local joined, left = {}, {}
  for _, key in ipairs(room.keys) do
    local before, _, info = room.seen[key], member(room, key)
    if not info and before then
      left[#left + 1] = key
    elseif info and info ~= before then
      joined[#joined + 1] = key
      joined[#joined + 1] = info
    end
  end
  room.keys, room.seen = {}, {}
  if #joined + #left == 0 then return end
  -- A version that was forgotten begins with the time, so that none comes twice.
  local version = redis.call('HGET', room.who, 'v')
  version = text(version and version + 1 or time[1] * 1000000 + time[2])
  redis.call('HSET', room.who, 'v', version)
  if redis.call('HLEN', room.who) == 1 then
    redis.call('PEXPIRE', room.who, stay)
  else
    redis.call('PERSIST', room.who)
  end
  local parts = { '\1' }
  local function add(s)
    parts[#parts + 1] = struct.pack('>I4', #s)
    parts[#parts + 1] = s
  end
  add(version)
  add(text(#joined / 2))
  for _, s in ipairs(joined) do add(s) end
  for _, s in ipairs(left) do add(s) end
  redis.call(publish, room.who, table.concat(parts))
end

-- Makes a session the last one of its key.
local function link(room, key, ref, info)
  local last, shown = member(room, key)
  local l = last and session(room, key, last)
  if l then
    l[2], l[3] = ref, shown
    setSession(room, key, last, l)
  else
    last = ''
  end
  setSession(room, key, ref, { last, '', '' })
  setMember(room, key, ref, info)
end

-- Takes a session out of the order. It returns true where it was the only one.
local function unlink(room, key, s)
  local before, after = session(room, key, s[1]), session(room, key, s[2])
  if after then
    after[1] = before and s[1] or ''
    setSession(room, key, s[2], after)
    if before then
      before[2] = s[2]
      setSession(room, key, s[1], before)
    end
  elseif before then
    local info = before[3]
    before[2], before[3] = '', ''
    setSession(room, key, s[1], before)
    setMember(room, key, s[1], info)
  else
    return true
  end
  return false
end

-- Ends a session; its key stays until deadline if that is given.
local function leave(room, key, ref, deadline)
  local s = session(room, key, ref)
  if not s then return end
  touch(room, key)
  local hash, field = place(room, key, ref)
  redis.call('HDEL', hash, field)
  if redis.call('EXISTS', hash) == 0 then redis.call('SREM', roomsOf .. markOf(ref), room.name) end
  if not unlink(room, key, s) then return end
  if deadline then
    local _, info = member(room, key)
    setMember(room, key, '', info or '')
    redis.call('ZADD', graces, text(deadline), join(room.name, key))
  else
    redis.call('HDEL', room.who, 'k' .. key)
  end
end

-- Ends what a mark has in a room, as one change, or limit of it. It returns how many
-- sessions.
local function endSessions(room, mark, limit)
  local sessions = sessionsOf .. mark .. room.name
  local fields = redis.call('HRANDFIELD', sessions, limit)
  for _, field in ipairs(fields) do
    local key, id = split(field)
    leave(room, key, mark .. id)
  end
  tell(room)
  if redis.call('EXISTS', sessions) == 0 then redis.call('SREM', roomsOf .. mark, room.name) end
  if redis.call('EXISTS', roomsOf .. mark) == 0 then redis.call('SREM', ended, mark) end
  return #fields
end

local function endLease(mark, owner)
  redis.call('ZREM', leases, mark .. owner)
  local of = redis.call('HGET', owners, owner)
  if of and markOf(of) == mark then redis.call('HDEL', owners, owner) end
  if redis.call('EXISTS', roomsOf .. mark) == 1 then redis.call('SADD', ended, mark) end
end

-- Ends the leases that have run out. What comes of that is done room by room.
local function endLeases()
  for _, lease in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', text(now))) do
    endLease(markOf(lease), string.sub(lease, markLength + 1))
  end
end

-- Ends graces that are over, up to limit of them. It returns how many.
local function endGraces(limit)
  local over = redis.call('ZRANGEBYSCORE', graces, '-inf', text(now), 'LIMIT', 0, limit)
  for _, grace in ipairs(over) do
    redis.call('ZREM', graces, grace)
    local name, key = split(grace)
    local room = open(name)
    if member(room, key) == '' then
      touch(room, key)
      redis.call('HDEL', room.who, 'k' .. key)
      tell(room)
    end
  end
  return #over
end

-- Opens a room in which has ended what has run out. The second result is whether that
-- is everything.
local function enterRoom(name)
  endLeases()
  endGraces(20)
  local room, left = open(name), atOnce
  for _, mark in ipairs(redis.call('SMEMBERS', ended)) do
    if redis.call('SISMEMBER', roomsOf .. mark, name) == 1 then
      left = left - endSessions(room, mark, atOnce)
      if left <= 0 then return room, false end
    end
  end
  return room, true
end

-- Does a part of what there is to end. It returns whether that was all.
local function tendSome()
  local left = atOnce - endGraces(atOnce / 2)
  for _, mark in ipairs(redis.call('SMEMBERS', ended)) do
    for _, name in ipairs(redis.call('SRANDMEMBER', roomsOf .. mark, atOnce)) do
      if left <= 0 then return false end
      left = left - 1 - endSessions(open(name), mark, atOnce)
    end
    if redis.call('EXISTS', roomsOf .. mark) == 0 then redis.call('SREM', ended, mark) end
  end
  return redis.call('EXISTS', ended) == 0
end

-- Ends what has run out anywhere in the partition, unless somebody else is at it. It
-- returns in how many ms to come back, 0 for at once and -1 for never.
local function tend()
  endLeases()
  local other = redis.call('GET', tender)
  if other and other ~= me then return 100 end
  if not tendSome() then
    redis.call('SET', tender, me, 'PX', 200)
    return 0
  end
  if other then redis.call('DEL', tender) end
  local next = -1
  for _, set in ipairs({ leases, graces }) do
    local due = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')[2]
    if due and (next < 0 or due - now < next) then next = math.max(0, due - now) end
  end
  return next
end
