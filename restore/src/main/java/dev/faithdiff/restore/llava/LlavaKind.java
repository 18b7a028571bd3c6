package dev.faithdiff.restore.llava;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.caption.CaptionOptions;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.restore.caption.CaptionerKind;
import dev.faithdiff.tensor.Device;

/** Opens the model folders of LLaVA-1.5. It computes on the CPU, whatever the device: its layers of 4 and 8 bits have no kernel on a GPU. */
public final class LlavaKind implements CaptionerKind {
    @Override public String kind() { return "llava"; }

    @Override public Captioner open(ModelFolder folder, Device device, CaptionOptions options) {
        return new LlavaCaptioner(folder, device.kind().equals(Device.CPU.kind()) ? device : Device.CPU, options);
    }
}
