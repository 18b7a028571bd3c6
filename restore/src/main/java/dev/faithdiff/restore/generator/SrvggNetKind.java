package dev.faithdiff.restore.generator;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.srvgg.SrvggConfig;
import dev.faithdiff.networks.srvgg.SrvggNetCompact;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.RestorerKind;
import java.util.List;

/** Opens SRVGGNetCompacts: the small networks of Real-ESRGAN. */
public final class SrvggNetKind implements RestorerKind {
    @Override public String kind() { return SrvggNetCompact.KIND; }

    @Override public List<Option<?>> options() { return GeneratorRestorer.OPTIONS; }

    @Override public Restorer open(ModelFolder folder, Compute on) {
        SrvggConfig config = SrvggConfig.of(folder.description());
        return GeneratorRestorer.open(folder, on, w -> new SrvggNetCompact(w, config));
    }
}
