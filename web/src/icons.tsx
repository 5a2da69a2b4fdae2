// 20 x 20 line icons, drawn in the text's color.

import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      {children}
    </svg>
  );
}

export const path = (...paths: string[]) => () => <Icon>{paths.map((d) => <path key={d} d={d} />)}</Icon>;

export const OpenIcon = path("M3 15.5v-11h5l1.5 2H17v9z", "M3 9h14");
export const SaveIcon = path("M10 3v9", "M6.500 8.800 10 12.300l3.500-3.500", "M3.500 13.500v3h13v-3");
export const UndoIcon = path("M7 4 3.500 7.500 7 11", "M4 7.500h7.500a4.500 4.500 0 0 1 0 9H8");
export const RedoIcon = path("M13 4l3.500 3.500L13 11", "M16 7.500H8.500a4.500 4.500 0 0 0 0 9H12");
export const ClearIcon = path("M4 5.500h12", "M8 5.500v-2h4v2", "M5.500 5.500l.8 11h7.400l.8-11", "M8.500 8.500v5", "M11.500 8.500v5");
export const SliderIcon = path("M3 4.500h14v11H3z", "M10 2v16", "M12.500 7.500l2 2.500-2 2.500", "M7.500 7.500l-2 2.500 2 2.500");
export const ViewIcon = path("M3 6.500h6.500M13.500 6.500H17", "M3 13.500h3.500M10.500 13.500H17", "M11.500 4.500a2 2 0 1 0 0 4 2 2 0 0 0 0-4", "M8.500 11.500a2 2 0 1 0 0 4 2 2 0 0 0 0-4");
export const ZoomInIcon = path("M10 4.500v11", "M4.500 10h11");
export const ZoomOutIcon = path("M4.500 10h11");
export const FitIcon = path("M3.500 7.500v-4h4", "M12.500 3.500h4v4", "M16.500 12.500v4h-4", "M7.500 16.500h-4v-4");
export const EffortIcon = path("M3.500 3.500h5v5h-5z", "M11.500 11.500h5v5h-5z", "M11.500 3.500h5v5h-5z", "M3.500 11.500h5v5h-5z", "M5 7l2-2", "M13 15l2-2");
export const HelpIcon = path("M7.400 7.600a2.600 2.600 0 1 1 3.900 2.300c-.9.5-1.300 1-1.300 2", "M10 14.600v.1", "M10 2.500a7.500 7.500 0 1 1 0 15 7.500 7.500 0 0 1 0-15");
export const CollapseIcon = path("M11.500 6 7.500 10l4 4", "M16.500 4v12", "M3.500 4v12");
export const ExpandIcon = path("M8.500 6l4 4-4 4", "M16.500 4v12", "M3.500 4v12");
export const CloseIcon = path("M5.500 5.500l9 9", "M14.500 5.500l-9 9");

export const GrayIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="6.500" />
    <path d="M10 3.500a6.500 6.500 0 0 0 0 13z" fill="currentColor" stroke="none" />
  </Icon>
);
