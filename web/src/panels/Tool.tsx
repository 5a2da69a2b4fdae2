// A button of the rail: icon, label where the rail is wide, its key, and what it does on hover.

import type { ComponentChildren, JSX } from "preact";

interface ToolProps extends Omit<JSX.IntrinsicElements["button"], "icon"> {
  icon: () => JSX.Element;
  label: string;
  tip?: string;
  keys?: string;
  on?: boolean;
}

export function Tool({ icon: Icon, label, tip = label, keys, on, class: extra, ...rest }: ToolProps) {
  return (
    <button type="button" class={`tool ${extra ?? ""}`} title={keys ? `${tip} (${keys})` : tip} aria-label={label} aria-pressed={on} {...rest}>
      <Icon />
      <span class="label">{label}</span>
      {keys && <kbd class="label" data-keys={keys} aria-hidden="true" />}
    </button>
  );
}

/** Tools that belong together. */
export const Group = ({ children, class: extra }: { children: ComponentChildren; class?: string }) => <div class={`group ${extra ?? ""}`}>{children}</div>;
