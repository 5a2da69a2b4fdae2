// The budget that a run takes; see check_budget in adacolvit/model/budget.py.

import type { Config } from "./cost";

/** The wanted one, the network's own where none is wanted; null where it takes none. */
export function checkBudget({ budget_knots, least_budget, budget }: Config, wanted: number | null): number | null {
  return budget_knots ? Math.max(least_budget, wanted ?? budget) : null;
}
