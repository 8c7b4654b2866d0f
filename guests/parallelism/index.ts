import { agent, run } from "planaria/guest";

/** Counts primes. One call after the other, as every agent does; it takes more of them to work in parallel. */
export const sieve = agent((_number: number) => ({
  count: (from: number, below: number) => run(countPrimes, from, below),
}));

/** Counts the primes below a number: in equal parts, dealt out to so many agents. */
export async function primes(below: number, parts: number, agents: number) {
  const size = Math.ceil(below / parts);
  const counts = Array.from({ length: parts }, (_, i) =>
    sieve.get(i % agents).count(i * size, Math.min((i + 1) * size, below)),
  );
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** By trial division, since it is to take a while. */
function countPrimes(from: number, below: number) {
  let count = 0;
  for (let n = Math.max(from, 2); n < below; n += 1) if (isPrime(n)) count += 1;
  return count;
}

function isPrime(n: number) {
  for (let divisor = 2; divisor * divisor <= n; divisor += 1) if (n % divisor === 0) return false;
  return true;
}
