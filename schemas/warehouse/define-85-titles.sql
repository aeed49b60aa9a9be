-- The Indonesian titles that the schemas of the events give what these tables and columns hold, before the
-- comment of each. Written by schemas/make_comments.py: change the schema or the comment, and run it.

COMMENT ON TABLE alumni IS 'Kelulusan peserta pelatihan. Graduations: one row for a person, vocation, batch and year';
COMMENT ON COLUMN alumni.year IS 'Tahun pelatihan. Year of the training (graduation year)';
COMMENT ON COLUMN alumni.vocation IS 'Kejuruan. Vocation (kejuruan): slug of schemas/reference/vocations.csv';
COMMENT ON COLUMN alumni.batch IS 'Angkatan. Batch (angkatan) as the centre names it, e.g. II';
COMMENT ON COLUMN alumni.graduated_on IS 'Tanggal Lulus. Day of graduation';
COMMENT ON COLUMN alumni.program IS 'Program pelatihan. Training programme';
COMMENT ON COLUMN alumni.funding IS 'Sumber dana. apbn, apbd or other';
COMMENT ON COLUMN alumni.extras IS 'Materi tambahan. Additional modules: digital_marketing, english, entrepreneurship, soft_skills';
COMMENT ON COLUMN alumni.intent IS 'Minat setelah lulus. What the graduate wanted: employment, self_employment or undecided';
COMMENT ON COLUMN alumni.sex IS 'Jenis kelamin. female or male';
COMMENT ON COLUMN alumni.birth_year IS 'Tahun lahir. Year of birth';
COMMENT ON COLUMN alumni.education IS 'Pendidikan terakhir. Highest school finished';
COMMENT ON COLUMN alumni.disability IS 'Disabilitas. True if the graduate told of a disability';
COMMENT ON COLUMN alumni.disability_category IS 'Ragam disabilitas. Its category. Specific personal data';
COMMENT ON COLUMN alumni.disability_needs IS 'Kebutuhan. Functional needs. Specific personal data';

COMMENT ON TABLE certification IS 'Hasil uji kompetensi. Competency tests (uji kompetensi): one row for a person, scheme and day';
COMMENT ON COLUMN certification.scheme IS 'Skema sertifikasi. Certification scheme';
COMMENT ON COLUMN certification.certified_on IS 'Tanggal Uji. Day of the test';
COMMENT ON COLUMN certification.result IS 'Hasil. competent or not_yet';
COMMENT ON COLUMN certification.score IS 'Nilai. 0 to 100';
COMMENT ON COLUMN certification.vocation IS 'Kejuruan. Vocation';
COMMENT ON COLUMN certification.batch IS 'Angkatan. Batch (angkatan)';
COMMENT ON COLUMN certification.year IS 'Tahun pelatihan. Year of the training';
COMMENT ON COLUMN certification.skkni IS 'SKKNI. National competency standard';
COMMENT ON COLUMN certification.lsp IS 'LSP. Certification body';
COMMENT ON COLUMN certification.valid_until IS 'Berlaku sampai. Last day of validity';
COMMENT ON COLUMN certification.certificate IS 'Nomor sertifikat. Number of the certificate';

COMMENT ON TABLE batch IS 'Penutupan angkatan. Training batches that were closed: one row a batch';
COMMENT ON COLUMN batch.batch IS 'Kode angkatan. Key of the batch. Distribution column';
COMMENT ON COLUMN batch.name IS 'Angkatan. Batch (angkatan) as the centre names it';
COMMENT ON COLUMN batch.program IS 'Program pelatihan. Training programme';
COMMENT ON COLUMN batch.vocation IS 'Kejuruan. Vocation';
COMMENT ON COLUMN batch.year IS 'Tahun pelatihan. Year of the training';
COMMENT ON COLUMN batch.participants IS 'Jumlah peserta. Participants';
COMMENT ON COLUMN batch.graduates IS 'Jumlah lulusan. Graduates';
COMMENT ON COLUMN batch.closed_on IS 'Tanggal Penutupan. Day on which the batch was closed';

COMMENT ON TABLE incubation IS 'Terpilih inkubasi. Selected for incubation: one row for a person, vocation and batch';
COMMENT ON COLUMN incubation.vocation IS 'Kejuruan. Vocation';
COMMENT ON COLUMN incubation.batch IS 'Angkatan. Batch (angkatan)';
COMMENT ON COLUMN incubation.selected_on IS 'Tanggal Penetapan. Day of the selection';
COMMENT ON COLUMN incubation.year IS 'Tahun pelatihan. Year of the training';
COMMENT ON COLUMN incubation.rank IS 'Peringkat. 1 to 3';
COMMENT ON COLUMN incubation.funder IS 'Penyandang dana. Who pays';

COMMENT ON TABLE outcome IS 'Hasil pelacakan alumni. Answers to tracer surveys and monitoring: one row for a person, day and source';
COMMENT ON COLUMN outcome.reported_on IS 'Tanggal Survei. Day of the answer';
COMMENT ON COLUMN outcome.status IS 'Kegiatan sekarang. employed, self_employed, unemployed, studying or not_seeking';
COMMENT ON COLUMN outcome.employment_status IS 'Status pekerjaan. BPS employment status';
COMMENT ON COLUMN outcome.occupation IS 'Pekerjaan. Occupation (KBJI)';
COMMENT ON COLUMN outcome.employer IS 'Tempat bekerja. Employer as told';
COMMENT ON COLUMN outcome.match_to_training IS 'Kesesuaian dengan pelatihan. yes, partly or no';
COMMENT ON COLUMN outcome.income_band IS 'Kisaran penghasilan. Band of monthly income';
COMMENT ON COLUMN outcome.method IS 'Cara pelacakan. How the person was reached';
COMMENT ON COLUMN outcome.wave IS 'Gelombang survei. Survey wave: 1m, 6m, 12m, 24m or other';

COMMENT ON TABLE vacancy IS 'Lowongan kerja dibuka; Lowongan kerja ditutup. Vacancies, with the fields of Perpres 57/2023: one row a vacancy';
COMMENT ON COLUMN vacancy.vacancy IS 'Lowongan. Key of the vacancy. Distribution column';
COMMENT ON COLUMN vacancy.opened_on IS 'Tanggal Lowongan. Day on which it was opened; null: not known (yet)';
COMMENT ON COLUMN vacancy.employer IS 'Pemberi kerja. Employer';
COMMENT ON COLUMN vacancy.title IS 'Nama jabatan. Title';
COMMENT ON COLUMN vacancy.headcount IS 'Jumlah kebutuhan. Seats';
COMMENT ON COLUMN vacancy.valid_until IS 'Berlaku sampai. Last day';
COMMENT ON COLUMN vacancy.requirements IS 'Persyaratan. Requirements';
COMMENT ON COLUMN vacancy.wage_min IS 'Upah terendah. Lowest wage, rupiah a month';
COMMENT ON COLUMN vacancy.wage_max IS 'Upah tertinggi. Highest wage';
COMMENT ON COLUMN vacancy.location IS 'Lokasi kerja. Place of work';
COMMENT ON COLUMN vacancy.kind IS 'Jenis. employment or internship';
COMMENT ON COLUMN vacancy.occupation IS 'Kelompok jabatan. Occupation';
COMMENT ON COLUMN vacancy.vocations IS 'Kejuruan yang diterima. Vocations it is open to; empty: any';
COMMENT ON COLUMN vacancy.regions IS 'Wilayah pelamar. Regions it accepts; empty: its own';
COMMENT ON COLUMN vacancy.disability_friendly IS 'Terbuka bagi penyandang disabilitas. Said to be open to persons with a disability';
COMMENT ON COLUMN vacancy.closed_on IS 'Tanggal Tutup. Day on which it was closed; null: not known (yet)';
COMMENT ON COLUMN vacancy.close_reason IS 'Alasan. filled, expired or withdrawn';

COMMENT ON TABLE application IS 'Lamaran kerja. Applications: one row for a person and vacancy';
COMMENT ON COLUMN application.vacancy IS 'Lowongan. Key of the vacancy';
COMMENT ON COLUMN application.submitted_on IS 'Tanggal Melamar. Day of the application';

COMMENT ON TABLE placement IS 'Usulan penempatan; Penempatan dimulai; Penempatan berakhir. Placements: one row for a person and post; proposed, started and ended are joined whichever came first. Ends that name the post otherwise than its start stand in a row of their own: jejaring.placement_spell joins them';
COMMENT ON COLUMN placement.vacancy IS 'Lowongan. Key of the vacancy';
COMMENT ON COLUMN placement.proposed_on IS 'Tanggal Usulan. Day on which it was proposed; null: not known (yet)';
COMMENT ON COLUMN placement.rank IS 'Urutan. Place in the list of proposals';
COMMENT ON COLUMN placement.reasons IS 'Alasan. Why the rule chose this person';
COMMENT ON COLUMN placement.started_on IS 'Tanggal Mulai Kerja. Day on which it started; null: not known (yet)';
COMMENT ON COLUMN placement.placement IS 'Kode penempatan. The agency''s own code';
COMMENT ON COLUMN placement.employer IS 'Perusahaan. Employer';
COMMENT ON COLUMN placement.kind IS 'Jenis. employment or internship';
COMMENT ON COLUMN placement.vocation IS 'Kejuruan. Vocation';
COMMENT ON COLUMN placement.occupation IS 'Jabatan. Occupation';
COMMENT ON COLUMN placement.employment_status IS 'Status pekerjaan. BPS employment status';
COMMENT ON COLUMN placement.agreement_ref IS 'Nomor perjanjian. Internship agreement';
COMMENT ON COLUMN placement.ended_on IS 'Tanggal Berhenti. Day on which it ended; null: not known (yet)';
COMMENT ON COLUMN placement.ended_employer IS 'Perusahaan. Employer as the end names it';
COMMENT ON COLUMN placement.end_reason IS 'Alasan. finished, resigned, dismissed or other';

COMMENT ON TABLE business IS 'Usaha alumni terdaftar; Usaha alumni tutup. Businesses of alumni: one row for a person and business';
COMMENT ON COLUMN business.business IS 'Usaha. Key of the business';
COMMENT ON COLUMN business.registered_on IS 'Tanggal Terdaftar. Day on which it was registered; null: not known (yet)';
COMMENT ON COLUMN business.name IS 'Nama usaha. Name of the business';
COMMENT ON COLUMN business.nib IS 'NIB. Business number (NIB)';
COMMENT ON COLUMN business.kbli IS 'KBLI. Line of business';
COMMENT ON COLUMN business.kbli_version IS 'Versi KBLI. Edition of KBLI: 2015, 2020 or 2025';
COMMENT ON COLUMN business.product IS 'Produk. What it makes or does';
COMMENT ON COLUMN business.vocation IS 'Kejuruan. Vocation';
COMMENT ON COLUMN business.needs_capital IS 'Butuh modal. Looks for capital';
COMMENT ON COLUMN business.amount_needed IS 'Modal yang dibutuhkan. How much, in rupiah';
COMMENT ON COLUMN business.needs_marketing IS 'Butuh pemasaran. Looks for buyers';
COMMENT ON COLUMN business.closed_on IS 'Tanggal Tutup. Day on which it was closed; null: not known (yet)';
COMMENT ON COLUMN business.close_reason IS 'Alasan. Why';

COMMENT ON TABLE membership IS 'Masuk koperasi; Keluar koperasi. Membership in cooperatives: one row for a person and cooperative';
COMMENT ON COLUMN membership.cooperative IS 'Koperasi. Key of the cooperative';
COMMENT ON COLUMN membership.joined_on IS 'Tanggal Masuk. Day on which it was joined; null: not known (yet)';
COMMENT ON COLUMN membership.name IS 'Nama koperasi. Name of the cooperative';
COMMENT ON COLUMN membership.left_on IS 'Tanggal Keluar. Day on which it was left; null: not known (yet)';
COMMENT ON COLUMN membership.left_name IS 'Nama koperasi. Name as the leaving names it';

COMMENT ON TABLE mentoring IS 'Pendampingan usaha. Mentoring: one row for a person, day, topic and source';
COMMENT ON COLUMN mentoring.provided_on IS 'Tanggal Pendampingan. Day';
COMMENT ON COLUMN mentoring.topic IS 'Topik. technical, management, capital or marketing';
COMMENT ON COLUMN mentoring.hours IS 'Jumlah jam. Hours';

COMMENT ON TABLE service_order IS 'Pesanan perangkat daerah; Pesanan selesai. Orders of government offices (OPD): one row an order';
COMMENT ON COLUMN service_order.placed_on IS 'Tanggal Pesanan. Day on which it was placed; null: not known (yet)';
COMMENT ON COLUMN service_order.opd IS 'Perangkat daerah. Office that orders';
COMMENT ON COLUMN service_order.service IS 'Jasa atau barang. Vocation or line of business';
COMMENT ON COLUMN service_order.description IS 'Uraian. Description';
COMMENT ON COLUMN service_order.value IS 'Nilai. Rupiah';
COMMENT ON COLUMN service_order.needed_by IS 'Dibutuhkan tanggal. Wanted by';
COMMENT ON COLUMN service_order.completed_on IS 'Tanggal Selesai. Day on which it was completed; null: not known (yet)';
COMMENT ON COLUMN service_order.person IS 'Alumni pelaksana. Person key of who did it; null: nobody is named, or the person was erased';
COMMENT ON COLUMN service_order.completed_value IS 'Nilai. Rupiah';

COMMENT ON TABLE order_offer IS 'Penawaran pesanan. Orders offered to alumni: one row for a person and order';
COMMENT ON COLUMN order_offer.service_order IS 'Pesanan. Key of the order';
COMMENT ON COLUMN order_offer.offered_on IS 'Tanggal Penawaran. Day';
COMMENT ON COLUMN order_offer.rank IS 'Urutan. Place in the rotation';
COMMENT ON COLUMN order_offer.reasons IS 'Alasan. Why the rule chose this person';

COMMENT ON TABLE loan IS 'Rujukan permodalan; Permohonan kredit; Keputusan kredit; Pencairan kredit. Loans: one row for a person and loan; the steps are joined whichever came first. A referral does not know the bank''s number yet and stands in a row of its own';
COMMENT ON COLUMN loan.loan IS 'Kredit. Key of the loan if the step names one, else a hash of business and scheme';
COMMENT ON COLUMN loan.referred_on IS 'Tanggal Rujukan. Day on which it was referred; null: not known (yet)';
COMMENT ON COLUMN loan.business IS 'Usaha. Key of the business it is for';
COMMENT ON COLUMN loan.scheme IS 'Skema. kur_super_mikro, kur_mikro, kur_kecil or other';
COMMENT ON COLUMN loan.referred_amount IS 'Jumlah. Rupiah';
COMMENT ON COLUMN loan.reasons IS 'Alasan. Why the rule chose this scheme';
COMMENT ON COLUMN loan.applied_on IS 'Tanggal Permohonan. Day on which it was applied for; null: not known (yet)';
COMMENT ON COLUMN loan.applied_business IS 'Usaha. Business named in the application';
COMMENT ON COLUMN loan.applied_scheme IS 'Skema. Scheme';
COMMENT ON COLUMN loan.applied_amount IS 'Jumlah. Rupiah';
COMMENT ON COLUMN loan.decided_on IS 'Tanggal Keputusan. Day on which it was decided; null: not known (yet)';
COMMENT ON COLUMN loan.decided_scheme IS 'Skema. Scheme';
COMMENT ON COLUMN loan.decided_amount IS 'Jumlah. Rupiah';
COMMENT ON COLUMN loan.decision IS 'Keputusan. approved or refused';
COMMENT ON COLUMN loan.decision_reason IS 'Alasan. Why';
COMMENT ON COLUMN loan.disbursed_on IS 'Tanggal Pencairan. Day on which it was disbursed; null: not known (yet)';
COMMENT ON COLUMN loan.disbursed_business IS 'Usaha. Business named in the disbursement';
COMMENT ON COLUMN loan.disbursed_scheme IS 'Skema. Scheme';
COMMENT ON COLUMN loan.disbursed_amount IS 'Jumlah. Rupiah';

COMMENT ON TABLE loan_repayment IS 'Angsuran kredit. Repayments: one row for a loan and day';
COMMENT ON COLUMN loan_repayment.loan IS 'Kredit. As in jejaring.loan';
COMMENT ON COLUMN loan_repayment.repaid_on IS 'Tanggal Angsuran. Day';
COMMENT ON COLUMN loan_repayment.business IS 'Usaha. Key of the business';
COMMENT ON COLUMN loan_repayment.scheme IS 'Skema. Scheme';
COMMENT ON COLUMN loan_repayment.amount IS 'Jumlah. Rupiah';
COMMENT ON COLUMN loan_repayment.collectability IS 'Kolektibilitas. 1 (current) to 5 (loss)';

COMMENT ON TABLE accommodation IS 'Asesmen kebutuhan; Akomodasi diberikan. Accommodation: one row for a person and functional category. Specific personal data';
COMMENT ON COLUMN accommodation.category IS 'Kategori fungsional. Functional category, never a diagnosis';
COMMENT ON COLUMN accommodation.assessed_on IS 'Tanggal Asesmen. Day on which it was assessed; null: not known (yet)';
COMMENT ON COLUMN accommodation.needs IS 'Kebutuhan. Functional needs';
COMMENT ON COLUMN accommodation.provided_on IS 'Tanggal Akomodasi. Day on which it was provided; null: not known (yet)';
COMMENT ON COLUMN accommodation.provided_needs IS 'Kebutuhan. Needs that were met';

COMMENT ON TABLE referral IS 'Rujukan ke ULD. Referrals to the disability service unit and others: one row for a person, receiver and purpose. Specific personal data';
COMMENT ON COLUMN referral.sent_to IS 'Dirujuk ke. Receiver';
COMMENT ON COLUMN referral.purpose IS 'Keperluan. Purpose';
COMMENT ON COLUMN referral.made_on IS 'Tanggal Rujukan. Day';

COMMENT ON TABLE quota IS 'Laporan kuota disabilitas; Kekurangan kuota disabilitas. Employment of persons with a disability (UU 8/2016): one row for an employer and day of report';
COMMENT ON COLUMN quota.employer IS 'Pemberi kerja. Key of the employer. Distribution column';
COMMENT ON COLUMN quota.reported_on IS 'Tanggal Laporan. Day of the report';
COMMENT ON COLUMN quota.reported_employer_name IS 'Nama pemberi kerja. Name in the report';
COMMENT ON COLUMN quota.headcount IS 'Jumlah pekerja. All employees';
COMMENT ON COLUMN quota.disabled_headcount IS 'Jumlah pekerja disabilitas. Employees with a disability';
COMMENT ON COLUMN quota.ownership IS 'Kepemilikan. government or private';
COMMENT ON COLUMN quota.shortfall_employer_name IS 'Nama pemberi kerja. Name in the finding';
COMMENT ON COLUMN quota.required IS 'Kewajiban. How many the law asks for';
COMMENT ON COLUMN quota.employed IS 'Dipekerjakan. How many there are';
COMMENT ON COLUMN quota.shortfall IS 'Kekurangan. How many are missing';
COMMENT ON COLUMN quota.shortfall_ownership IS 'Kepemilikan. government or private';
