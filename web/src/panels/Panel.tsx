// What opens beside the rail and never blocks the photo.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
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
  const element = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    // Not after the next frame: a key that is pressed before it would go to the page, and move what is the opener.
    const opener = document.activeElement;
    const panel = element.current!;
    panel.focus({ preventScroll: true });
    return () => {
      const isLost = document.activeElement === document.body || panel.contains(document.activeElement);
      if (isLost && opener instanceof HTMLElement) opener.focus({ preventScroll: true });
    };
  }, []);
  return (
    <section class={`panel ${extra}`} aria-label={title} ref={element} tabIndex={-1}>
      <h2>{title}</h2>
      <button type="button" class="quiet close" aria-label={texts.close} title={`${texts.close} (Esc)`} onClick={() => (store.panel.value = null)}>
        <CloseIcon />
      </button>
      {children}
    </section>
  );
}
