import { agent, PlanariaError } from "planaria/guest";

/** Money in cents. It belongs to nobody else: whoever wants to change it has to ask this agent. */
export const account = agent((owner: string) => {
  let balance = 0;
  let closed = false;
  return {
    deposit(cents: number) {
      checkAmount(cents);
      if (closed) throw new PlanariaError("bank/closed", `${owner}'s account is closed.`);
      return (balance += cents);
    },
    withdraw(cents: number) {
      checkAmount(cents);
      if (cents > balance) {
        throw new PlanariaError("bank/short", `${owner} has ${balance} cents, not ${cents}.`, {
          data: { balance, cents },
        });
      }
      return (balance -= cents);
    },
    /** Takes back what was withdrawn, even after the account was closed. */
    refund(cents: number) {
      checkAmount(cents);
      return (balance += cents);
    },
    close() {
      closed = true;
    },
    balance: () => balance,
  };
});

/**
 * Moves money between two accounts. If the second half fails, the first is undone.
 *
 * No crash leaves it half done: the call goes on where it was, and no deposit or withdrawal happens twice.
 */
export async function transfer(from: string, to: string, cents: number) {
  await account.get(from).withdraw(cents);
  try {
    await account.get(to).deposit(cents);
  } catch (cause) {
    await account.get(from).refund(cents);
    throw new PlanariaError("bank/transfer-failed", `${from} keeps the ${cents} cents, since ${to} can't take them.`, {
      cause,
    });
  }
}

function checkAmount(cents: number) {
  if (!Number.isSafeInteger(cents) || cents <= 0)
    throw new PlanariaError("bank/amount", `${cents} is no amount in cents.`);
}
