-- KEYS and ARGV: of the partition. ARGV: owner. Returns 1 where it had a lease, and in
-- how many ms something has to be tended.
local had = 0
for _, lease in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
  if string.sub(lease, markLength + 1) == ARGV[6] then
    endLease(markOf(lease), ARGV[6])
    had = 1
  end
end
return { had, tend() }
