// Saving the open photo at its full size.

import { LookFields, look, wireLook } from "./LookFields";
import { Panel } from "./Panel";
import { saveHints, savePhoto } from "../state/saving";
import { texts } from "../texts";

export function SavePanel() {
  return (
    <Panel title={texts.saveTitle} class="desk-panel save">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void savePhoto(wireLook(), look.value.withHints);
        }}
      >
        <LookFields />
        <div class="row">
          <button type="submit" class="button main" title={texts.saveTip}>
            {texts.saveNow}
          </button>
          <button type="button" class="button" title={texts.desk.saveHintsTip} onClick={() => void saveHints()}>
            {texts.saveHints}
          </button>
        </div>
      </form>
    </Panel>
  );
}
