// 20 x 20 line icons of hints and picker.

import { path } from "../icons";

export const DropperIcon = path("M11 6l3 3", "M4 16l.8-3 6.700-6.700 2.200 2.200L7 15.200z", "M12 4.800l1.600-1.600a1.500 1.500 0 0 1 2.100 0l1.100 1.100a1.500 1.500 0 0 1 0 2.100L15.200 8");
export const LockIcon = path("M5.500 9h9v7h-9z", "M7.500 9V6.500a2.500 2.500 0 0 1 4.800-1");
export const LockedIcon = path("M5.500 9h9v7h-9z", "M7.500 9V6.500a2.500 2.500 0 0 1 5 0V9");
export const CopyIcon = path("M7.500 7.500h9v9h-9z", "M12.500 7.500v-4h-9v9h4");
export const PlacesIcon = path("M10 3.500v1.500", "M10 15v1.500", "M3.500 10H5", "M15 10h1.500", "M10 7.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5", "M5.400 5.400l1 1", "M13.600 13.600l1 1", "M14.600 5.400l-1 1", "M6.400 13.600l-1 1");
export const ReferenceIcon = path("M3 4.500h6v11H3z", "M11 4.500h6v11h-6z", "M11 13l2.500-3 3.500 3.500");
export const HideIcon = path("M3 10s2.500-4.500 7-4.500S17 10 17 10s-2.500 4.500-7 4.500S3 10 3 10z", "M10 8a2 2 0 1 1 0 4 2 2 0 0 1 0-4", "M4 16 16 4");
export const PlusIcon = path("M10 5v10", "M5 10h10");
