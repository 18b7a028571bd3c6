package dev.faithdiff.restore.generator;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.rrdb.RrdbConfig;
import dev.faithdiff.networks.rrdb.RrdbNet;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.RestorerKind;
import java.util.List;

/** Opens RRDBNets: networks of Real-ESRGAN, BSRGAN and BSRNet. */
public final class RrdbNetKind implements RestorerKind {
    @Override public String kind() { return RrdbNet.KIND; }

    @Override public List<Option<?>> options() { return GeneratorRestorer.OPTIONS; }

    @Override public Restorer open(ModelFolder folder, Compute on) {
        RrdbConfig config = RrdbConfig.of(folder.description());
        return GeneratorRestorer.open(folder, on, w -> new RrdbNet(w, config));
    }
}
