package dev.faithdiff.restore.ram;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.caption.CaptionOptions;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.restore.caption.CaptionerKind;
import dev.faithdiff.tensor.Device;

/** Opens the model folders of RAM and DAPE. */
public final class RamKind implements CaptionerKind {
    @Override public String kind() { return "ram"; }

    @Override public boolean tags() { return true; }

    @Override public Captioner open(ModelFolder folder, Device device, CaptionOptions options) {
        return device.exclusive(() -> new RamTagger(folder, device));
    }
}
