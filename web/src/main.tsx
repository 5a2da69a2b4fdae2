import "./style.css"; // first: the parts refine it
import { render } from "preact";
import "@preact/signals"; // makes components follow the signals they read
import { openById } from "./state/opening";
import { App } from "./App";
import { readFilm, recallExport } from "./state/film";
import { listenToKeys } from "./state/keys";
import "./forced.css"; // last: it stands above the parts

render(<App />, document.getElementById("app")!);
listenToKeys();

void readFilm();
recallExport();
const photo = new URLSearchParams(location.search).get("photo");
if (photo) void openById(photo);
