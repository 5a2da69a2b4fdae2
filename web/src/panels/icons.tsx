// Icons of the desk's own panels.

import { path } from "../icons";

export const HistoryIcon = path("M3.500 10a6.500 6.500 0 1 0 2-4.700L3.500 7.200", "M3.500 3.500v3.700h3.700", "M10 6.500V10l2.500 1.500");
export const ExportIcon = path("M4 6.500h9v9H4z", "M7 6.500v-3h9v9h-3", "M8.500 9v4", "M6.800 11.300 8.500 13l1.700-1.700");
export const DoneIcon = path("M4.500 10.500l3.500 3.500 7.500-8");
export const PreviousIcon = path("M12 5l-5 5 5 5");
export const NextIcon = path("M8 5l5 5-5 5");
export const CopyIcon = path("M3.500 5h7v10h-7z", "M13 10h4", "M15 8l2 2-2 2");
export const LightIcon = path("M10 6.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7", "M10 2.500v1", "M10 16.500v1", "M2.500 10h1", "M16.500 10h1", "M4.700 4.700l.7.7", "M14.600 14.600l.7.7", "M4.700 15.300l.7-.7", "M14.600 5.400l.7-.7");
export const DarkIcon = path("M16 11.500A6.500 6.500 0 1 1 8.500 4a5 5 0 0 0 7.500 7.500");
export const SystemIcon = path("M3 4.500h14v9H3z", "M7.500 16.500h5", "M10 13.500v3");
export const OneIcon = path("M3.500 7.500 5.500 6v8", "M14 7.500 16 6v8", "M10 8.500v.100", "M10 12v.100");
