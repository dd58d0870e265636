-- KEYS and ARGV: of the partition. ARGV: owner. Returns in how many ms something has
-- to be tended.
for _, lease in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
  if string.sub(lease, markLength + 1) == ARGV[5] then endLease(markOf(lease), ARGV[5]) end
end
return tend()
