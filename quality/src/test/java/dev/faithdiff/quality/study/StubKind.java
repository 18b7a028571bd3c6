package dev.faithdiff.quality.study;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.CommonOptions;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.RestorerKind;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A restorer without weights: it enlarges, and changes pixels as the seed says. It can end its process as a killed one ends. */
public final class StubKind implements RestorerKind {
    /** No failure that a study could handle. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1L;
    }

    /** Results made so far, and how many are left before the end. */
    static int made, left = Integer.MAX_VALUE;

    @Override public String kind() { return "stub"; }

    @Override public List<Option<?>> options() { return List.of(CommonOptions.SCALE, CommonOptions.SEED, CommonOptions.STRENGTH); }

    @Override public Restorer open(ModelFolder folder, Compute on) {
        return new Restorer() {
            @Override public Image restore(Image photo, Options o, Listener listener, Path resume) {
                if (left-- == 0) throw new Killed();
                made++;
                if (o.get(CommonOptions.STRENGTH) == 0) throw new IllegalArgumentException("a stub without strength\nfails");
                int scale = (int) Math.round(o.get(CommonOptions.SCALE));
                Image result = Resize.resize(photo, scale * photo.width(), scale * photo.height(), Filter.BICUBIC);
                byte[] rgb = result.rgb().clone();
                for (int i = 0; i < rgb.length; i += 7) rgb[i] ^= (byte) (o.get(CommonOptions.SEED) & 7);
                return Image.of(result.width(), result.height(), rgb);
            }

            @Override public List<Option<?>> options() { return StubKind.this.options(); }

            @Override public Options defaults() { return Options.defaults(); }

            @Override public Optional<Image> throughAutoencoder(Image photo) { return Optional.of(photo); }

            @Override public void close() {}
        };
    }
}
