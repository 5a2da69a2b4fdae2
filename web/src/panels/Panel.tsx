// What opens beside the rail and never blocks the photo.

import type { ComponentChildren } from "preact";
import { CloseIcon } from "../icons";
import "./panels.css";
import * as store from "../state/store";
import { texts } from "../texts";

interface PanelProps {
  title: string;
  class: string;
  children: ComponentChildren;
}

export function Panel({ title, class: extra, children }: PanelProps) {
  return (
    <section class={`panel ${extra}`} aria-label={title}>
      <h2>{title}</h2>
      <button type="button" class="quiet close" aria-label={texts.close} title={`${texts.close} (Esc)`} onClick={() => (store.panel.value = null)}>
        <CloseIcon />
      </button>
      {children}
    </section>
  );
}
