// Whether the work on the open photo is on disk.

import { keeping } from "../state/keeper";
import { texts } from "../texts";

export function Kept() {
  const now = keeping.value;
  const why = now.state === "failed" ? now.why : texts.desk.keptTips[now.state];
  return (
    <span class={`kept ${now.state}`} title={why} data-state={now.state}>
      {texts.desk.kept[now.state]}
    </span>
  );
}
