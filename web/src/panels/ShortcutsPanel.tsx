// The list that `?` shows: the table of keys.ts itself.

import { Panel } from "./Panel";
import { shortcuts, shown } from "../state/keys";
import { texts } from "../texts";

export function ShortcutsPanel() {
  return (
    <Panel title={texts.shortcutsTitle} class="shortcuts">
      <div class="columns">
        {shortcuts.map(({ title, rows }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {rows.filter(({ what }) => what).map((row) => (
                <div key={row.what}>
                  <dt>
                    <kbd>{shown(row)}</kbd>
                  </dt>
                  <dd>{row.what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Panel>
  );
}
