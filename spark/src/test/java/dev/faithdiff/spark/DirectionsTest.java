package dev.faithdiff.spark;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** What the jobs may depend on, as ARCHITECTURE.md says. That nothing depends on them Maven keeps. */
class DirectionsTest {
    @Test void jobsSeeTheCommandLineAndTraining() {
        String own = "dev.faithdiff.spark..";
        JavaClasses jobs = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages(own.replace("..", ""));
        assertThat(jobs.contain(RestoreJob.class)).isTrue();
        classes().that().resideInAPackage(own).should().onlyDependOnClassesThat(not(resideInAnyPackage("dev.faithdiff..")).or(resideInAnyPackage(own,
                "dev.faithdiff.tensor..", "dev.faithdiff.image..", "dev.faithdiff.restore..", "dev.faithdiff.cli", "dev.faithdiff.train")))
                .check(jobs);
    }
}
