package dev.faithdiff.restore.adcsr;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.adcsr.AdcSrConfig;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.RestorerKind;
import java.util.List;

/** Opens AdcSR's model folders. */
public final class AdcSrKind implements RestorerKind {
    @Override public String kind() { return AdcSrConfig.KIND; }

    @Override public List<Option<?>> options() { return AdcSr.OPTIONS; }

    @Override public Restorer open(ModelFolder folder, Compute on) { return AdcSr.open(folder, on); }
}
